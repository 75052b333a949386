# onnx.proto, the schema of ONNX files, as OnnxSchema_FILE.
find_file(OnnxSchema_FILE onnx/onnx.proto PATH_SUFFIXES include)
mark_as_advanced(OnnxSchema_FILE)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OnnxSchema REQUIRED_VARS OnnxSchema_FILE)
