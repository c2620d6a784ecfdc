# Man pages and completion: the command writes them from its own table of commands, so they cannot fall behind.
if(NOT TARGET nasbench OR NB_SANITIZE OR CMAKE_CROSSCOMPILING)
  return()
endif()
set(NB_MANUAL_DIR ${CMAKE_BINARY_DIR}/manual)
add_custom_command(OUTPUT ${NB_MANUAL_DIR}/man1/nasbench.1 ${NB_MANUAL_DIR}/completion/nasbench
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${NB_MANUAL_DIR}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${NB_MANUAL_DIR}/man1 ${NB_MANUAL_DIR}/completion
  COMMAND nasbench help --man-pages ${NB_MANUAL_DIR}/man1
  COMMAND nasbench help --bash-completion > ${NB_MANUAL_DIR}/completion/nasbench
  DEPENDS nasbench
  COMMENT "Man pages and completion"
  VERBATIM)
add_custom_target(manual ALL DEPENDS ${NB_MANUAL_DIR}/man1/nasbench.1 ${NB_MANUAL_DIR}/completion/nasbench)
install(DIRECTORY ${NB_MANUAL_DIR}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
install(FILES ${NB_MANUAL_DIR}/completion/nasbench DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)

if(CMOCKA_LIBRARY)
  add_test(NAME manual COMMAND bash ${CMAKE_SOURCE_DIR}/tests/manual.sh $<TARGET_FILE:nasbench> ${NB_MANUAL_DIR})
endif()
