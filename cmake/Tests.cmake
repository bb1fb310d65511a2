# Tests that drive the finished binary.  They carry the label "binary": `./dev test` runs them
# against the instrumented build and the one that users run.
find_package(Python3 COMPONENTS Interpreter)
if(NOT Python3_FOUND)
  message(STATUS "no python3: the HTTP tests and the checks of tests/lint are left out")
endif()

# add_lint(NAME): tests/lint/NAME.py over the whole tree.
function(add_lint name)
  if(Python3_FOUND)
    add_test(NAME lint/${name} COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/lint/${name}.py)
    set_tests_properties(lint/${name} PROPERTIES ENVIRONMENT "CC=${CMAKE_C_COMPILER}")
  endif()
endfunction()

# add_lua_tests(): every tests/lua/*_test.lua, run as `perilune run FILE`.
function(add_lua_tests)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/lua/*_test.lua)
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    add_test(NAME lua/${name} COMMAND perilune run ${file})
    set_tests_properties(lua/${name} PROPERTIES LABELS binary TIMEOUT 300
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/lua)
  endforeach()
endfunction()

# add_project_tests(NAME FOLDER [OPTIONS…]): `perilune test` in a project.
function(add_project_tests name folder)
  add_test(NAME project/${name} COMMAND perilune -C ${folder} test ${ARGN})
  set_tests_properties(project/${name} PROPERTIES LABELS binary TIMEOUT 300)
endfunction()

# add_http_test(NAME [ARGS…]): tests/http/NAME.py starts the binary it is given and talks to it.
# BESIDE others run those that wait for events; those that measure time or throughput run alone.
function(add_http_test name)
  cmake_parse_arguments(T "BESIDE" "" "" ${ARGN})
  if(Python3_FOUND)
    add_test(NAME http/${name} COMMAND Python3::Interpreter
      ${CMAKE_CURRENT_SOURCE_DIR}/http/${name}.py --perilune $<TARGET_FILE:perilune> ${T_UNPARSED_ARGUMENTS})
    set_tests_properties(http/${name} PROPERTIES LABELS binary TIMEOUT 600)
    if(NOT T_BESIDE)
      set_tests_properties(http/${name} PROPERTIES RUN_SERIAL ON)
    endif()
  endif()
endfunction()
