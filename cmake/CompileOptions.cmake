# What every target of ours is compiled with. Never -march=native: what is installed must run on another machine.
add_library(facenet_options INTERFACE)
target_compile_features(facenet_options INTERFACE cxx_std_20)
target_compile_options(facenet_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  $<$<BOOL:${FACENET_WARNINGS_AS_ERRORS}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms: on string + string (GCC bug 105651), on moved optionals (80635).
  target_compile_options(facenet_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(FACENET_SANITIZE)
  target_compile_options(facenet_options INTERFACE -fsanitize=${FACENET_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(facenet_options INTERFACE -fsanitize=${FACENET_SANITIZE})
  if(FACENET_SANITIZE MATCHES "undefined")
    target_compile_options(facenet_options INTERFACE -fno-sanitize-recover=undefined)  # a finding fails the test
  endif()
endif()

if(FACENET_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "FACENET_BUILD_FUZZERS needs Clang, which brings libFuzzer")
  endif()
  target_compile_options(facenet_options INTERFACE -fsanitize=fuzzer-no-link)  # the library tells which way it went
endif()

# In a damaged JPEG, stb_image's sums of pixels overflow: that is to wrap, not to be undefined. Where its data end within a
# code it shifts by 32 bits: whatever a processor makes of that goes into pixels only.
set(FACENET_STB_OPTIONS -fwrapv -fno-sanitize=shift)

# facenet_isa_flags(SOURCES...): a file named *_avx2.cpp, *_avx512.cpp, *_avx512bf16.cpp or *_avx512fp16.cpp is compiled for
# that instruction set, float16 where the compiler knows it. The code that calls into it first asks the processor.
include(CheckCXXCompilerFlag)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
  check_cxx_compiler_flag(-mavx512fp16 FACENET_HAVE_FP16)  # GCC 12, Clang 14
endif()
function(facenet_isa_flags)
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
    return()
  endif()
  foreach(source IN LISTS ARGN)
    if(source MATCHES "_avx2\\.cpp$")
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma")
    elseif(source MATCHES "_avx512(bf16|fp16)?\\.cpp$")
      set_source_files_properties(${source} PROPERTIES
        COMPILE_OPTIONS "-mavx2;-mfma;-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl")
      if(source MATCHES "bf16")
        set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS -mavx512bf16)
      elseif(source MATCHES "fp16" AND FACENET_HAVE_FP16)
        set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS -mavx512fp16)
      endif()
    endif()
  endforeach()
endfunction()
