# Headers, libraries, program, CMake package and licences. The prefix may be moved afterwards: run paths are relative, and
# oneDNN's library lies beside ours.
include(CMakePackageConfigHelpers)
set(FACENET_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/FaceNetLib)

install(DIRECTORY include/facenet DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(FILES ${PROJECT_BINARY_DIR}/include/facenet/version.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/facenet)

# The static and the shared library are two sets of targets, both named FaceNetLib::facenet: find_package reads one.
function(facenet_install_library target kind)
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
  install(TARGETS ${target} EXPORT FaceNetLib${kind}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT FaceNetLib${kind} FILE FaceNetLib${kind}Targets.cmake NAMESPACE FaceNetLib::
    DESTINATION ${FACENET_PACKAGE_DIR})
endfunction()
if(FACENET_BUILD_SHARED)
  facenet_install_library(facenet Shared)
  if(FACENET_BUILD_STATIC)
    facenet_install_library(facenet_static Static)
  endif()
else()
  facenet_install_library(facenet Static)
endif()

if(TARGET facenet_program)
  file(RELATIVE_PATH to_lib ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(facenet_program PROPERTIES INSTALL_RPATH "$ORIGIN/${to_lib}")
  install(TARGETS facenet_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# oneDNN, and its licences: they lie in share/doc of the prefix that the wheels were installed into.
get_target_property(onednn_type DNNL::dnnl TYPE)
if(FACENET_INSTALL_ONEDNN AND onednn_type STREQUAL "SHARED_LIBRARY")
  set(FACENET_ONEDNN_BUNDLED ON)
  install(PROGRAMS $<TARGET_FILE:DNNL::dnnl> DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RENAME $<TARGET_SONAME_FILE_NAME:DNNL::dnnl>)
  get_filename_component(onednn_doc ${dnnl_DIR}/../../../share/doc/onednn ABSOLUTE)
  foreach(name LICENSE THIRD-PARTY-PROGRAMS)
    if(EXISTS ${onednn_doc}/${name})
      install(FILES ${onednn_doc}/${name} DESTINATION ${CMAKE_INSTALL_DOCDIR}/onednn)
    endif()
  endforeach()
else()
  set(FACENET_ONEDNN_BUNDLED OFF)
endif()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/FaceNetLibConfig.cmake.in FaceNetLibConfig.cmake
  INSTALL_DESTINATION ${FACENET_PACKAGE_DIR} PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(FaceNetLibConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_file(${PROJECT_SOURCE_DIR}/cmake/FaceNetLib.spdx.in FaceNetLib.spdx @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/FaceNetLibConfig.cmake ${PROJECT_BINARY_DIR}/FaceNetLibConfigVersion.cmake
  DESTINATION ${FACENET_PACKAGE_DIR})
if(FACENET_WITH_TURBOJPEG)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/FindTurboJPEG.cmake DESTINATION ${FACENET_PACKAGE_DIR})
endif()
install(FILES LICENSE NOTICE ${PROJECT_BINARY_DIR}/FaceNetLib.spdx DESTINATION ${CMAKE_INSTALL_DOCDIR})
