# make install: command, libraries, headers, pkg-config file, CMake package, manual, completion, documents.
include(CMakePackageConfigHelpers)
set(NB_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/nasbench)

install(TARGETS nasbench_shared EXPORT nasbenchTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS nasbench_static EXPORT nasbenchStaticTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/nasbench DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(TARGET nasbench)
  install(TARGETS nasbench RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# Relative to its own place, so that the same file serves any --prefix.
file(RELATIVE_PATH NB_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" NB_PC_PREFIX "${NB_PC_PREFIX}")
configure_file(cmake/nasbench.pc.in ${CMAKE_BINARY_DIR}/cmake/nasbench.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/cmake/nasbench.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(EXPORT nasbenchTargets NAMESPACE nasbench:: DESTINATION ${NB_CMAKE_DIR})
install(EXPORT nasbenchStaticTargets NAMESPACE nasbench:: DESTINATION ${NB_CMAKE_DIR})
configure_package_config_file(cmake/nasbenchConfig.cmake.in ${CMAKE_BINARY_DIR}/cmake/nasbenchConfig.cmake
  INSTALL_DESTINATION ${NB_CMAKE_DIR})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/cmake/nasbenchConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/cmake/nasbenchConfig.cmake ${CMAKE_BINARY_DIR}/cmake/nasbenchConfigVersion.cmake
  DESTINATION ${NB_CMAKE_DIR})

install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
