# Everything that FaceNetLib builds on. The one list: what each is for and how to get it stands in docs/contributing.md.

# scripts/setup.sh installs oneDNN's wheels into this prefix of the source tree.
list(APPEND CMAKE_PREFIX_PATH ${PROJECT_SOURCE_DIR}/.deps/onednn)

find_package(dnnl CONFIG QUIET)
if(NOT dnnl_FOUND OR dnnl_VERSION VERSION_LESS 3.2)
  message(FATAL_ERROR
    "FaceNetLib needs oneDNN 3.2 or later (found: '${dnnl_VERSION}'). Debian's libdnnl-dev is version 2, whose API is "
    "another one. Run scripts/setup.sh, or install oneDNN 3 (conda-forge, vcpkg, Homebrew, Spack) and add its prefix to "
    "CMAKE_PREFIX_PATH.")
endif()
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(nlohmann_json 3.9 REQUIRED)
find_path(STB_INCLUDE_DIR stb_image.h PATH_SUFFIXES stb REQUIRED)
find_path(TURBOJPEG_INCLUDE_DIR turbojpeg.h)
find_library(TURBOJPEG_LIBRARY turbojpeg)
