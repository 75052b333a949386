# Everything that FaceNetLib builds on: the one list. docs/contributing.md says what each is for.

option(FACENET_WITH_TURBOJPEG "Decode JPEG with libjpeg-turbo: several times as fast as stb_image, and reads CMYK" ON)
option(FACENET_WITH_ONNX "Write ONNX files: needs protobuf and the schema onnx.proto" ON)
option(FACENET_WITH_HNSW "Approximate search in large galleries: needs hnswlib's headers" ON)
option(FACENET_WITH_SQLITE "Keep galleries in files: needs SQLite" ON)

# find_package(PACKAGE ...) or stop with words that say what it is for and which Debian package brings it.
macro(facenet_require package debian purpose)
  find_package(${package} ${ARGN} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "FaceNetLib needs ${package} (${ARGN}) for ${purpose}, and it was not found.\n"
      "On Debian and Ubuntu: apt install ${debian}, or run scripts/setup.sh, which installs all that is needed. "
      "Elsewhere install it and add its prefix to CMAKE_PREFIX_PATH.")
  endif()
endmacro()

# oneDNN 3. scripts/setup.sh puts its wheels into .deps/onednn of the source tree; a prefix that the caller names in
# CMAKE_PREFIX_PATH goes first. Asking for 3.2 passes over a version 2 that may be found on the way.
list(APPEND CMAKE_PREFIX_PATH ${PROJECT_SOURCE_DIR}/.deps/onednn)
find_package(dnnl 3.2 CONFIG QUIET)
if(NOT dnnl_FOUND)
  set(considered "")
  foreach(config version IN ZIP_LISTS dnnl_CONSIDERED_CONFIGS dnnl_CONSIDERED_VERSIONS)
    string(APPEND considered "\n  version ${version}: ${config}")
  endforeach()
  if(considered STREQUAL "")
    set(considered " none")
  endif()
  message(FATAL_ERROR
    "FaceNetLib needs oneDNN 3.2 or a later 3.x. Found and refused:${considered}\n"
    "oneDNN 2 (Debian's libdnnl-dev) has another API and cannot be used. What to do: run scripts/setup.sh, which puts "
    "oneDNN 3.2 into .deps/onednn of the source tree and leaves the system's alone; or install oneDNN 3 (conda-forge, "
    "vcpkg, Homebrew, Spack) and add its prefix to CMAKE_PREFIX_PATH. Then configure a fresh build folder.")
endif()

facenet_require(OpenMP "g++ (or libomp-14-dev for Clang 14)" "threads" COMPONENTS CXX)
facenet_require(Eigen3 libeigen3-dev "small dense algebra" 3.4 NO_MODULE)
facenet_require(nlohmann_json nlohmann-json3-dev "the metadata of model files" 3.9)
facenet_require(Stb libstb-dev "reading and writing images")
if(FACENET_WITH_TURBOJPEG)
  facenet_require(TurboJPEG "libturbojpeg0-dev (or configure with -DFACENET_WITH_TURBOJPEG=OFF)" "reading JPEG files")
endif()
if(FACENET_WITH_ONNX)
  set(onnx_packages "libprotobuf-dev protobuf-compiler libonnx-dev (or configure with -DFACENET_WITH_ONNX=OFF)")
  facenet_require(Protobuf "${onnx_packages}" "writing ONNX files" 3.12)
  facenet_require(OnnxSchema "${onnx_packages}" "the schema of ONNX files, onnx/onnx.proto")
  if(NOT TARGET protobuf::protoc)
    message(FATAL_ERROR "FaceNetLib needs protoc, protobuf's compiler, to write ONNX files, and it was not found.\n"
      "On Debian and Ubuntu: apt install ${onnx_packages}.")
  endif()
endif()
if(FACENET_WITH_SQLITE)
  facenet_require(SQLite3 "libsqlite3-dev (or configure with -DFACENET_WITH_SQLITE=OFF)" "gallery files" 3.35)
endif()
if(FACENET_WITH_HNSW)
  facenet_require(Hnswlib "libhnswlib-dev (or configure with -DFACENET_WITH_HNSW=OFF)" "approximate search")
endif()
if(FACENET_BUILD_PROGRAM)
  facenet_require(CLI11 libcli11-dev "the command line of the facenet program (FACENET_BUILD_PROGRAM)" 2.1)
endif()
if(FACENET_BUILD_TESTS)
  facenet_require(Catch2 catch2 "the tests (FACENET_BUILD_TESTS); versions 2.13 and 3 both work")
  if(Catch2_VERSION VERSION_LESS 2.13)
    message(FATAL_ERROR "FaceNetLib's tests need Catch2 2.13 or 3, and found ${Catch2_VERSION} in ${Catch2_DIR}.")
  endif()
endif()
if(FACENET_BUILD_BENCHMARKS)
  facenet_require(benchmark libbenchmark-dev "what benchmarks/ measures with (FACENET_BUILD_BENCHMARKS)" 1.7)
endif()
