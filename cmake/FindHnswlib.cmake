# hnswlib's headers (hnswlib/hnswlib.h), as Hnswlib_INCLUDE_DIR.
find_path(Hnswlib_INCLUDE_DIR hnswlib/hnswlib.h)
mark_as_advanced(Hnswlib_INCLUDE_DIR)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Hnswlib REQUIRED_VARS Hnswlib_INCLUDE_DIR)
