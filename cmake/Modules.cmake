# add_engine_module(NAME LEVEL n SOURCES a.c … [USES modules…] [LIBRARIES dep_…])
#   A static library from engine/NAME/.  USES are engine modules of a lower level; their headers and
#   nothing else of the engine may be included (tests/lint/layers.lua checks the #include lines).
function(add_engine_module name)
  cmake_parse_arguments(M "" "LEVEL" "SOURCES;USES;LIBRARIES" ${ARGN})
  list(TRANSFORM M_SOURCES PREPEND ${name}/)
  add_library(${name} STATIC ${M_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/engine)
  target_link_libraries(${name} PUBLIC ${M_USES} PRIVATE perilune_options ${M_LIBRARIES})
endfunction()

# add_unit_test(NAME MODULES…): tests/unit/test_NAME.c with cmocka, linked with the named targets.
function(add_unit_test name)
  add_executable(test_${name} ${PERILUNE_NOT_LINKED} unit/test_${name}.c)
  target_link_libraries(test_${name} PRIVATE perilune_options PkgConfig::cmocka ${ARGN})
  if(NOT PERILUNE_NOT_LINKED)
    add_test(NAME unit/${name} COMMAND test_${name})
  endif()
endfunction()

# add_fuzzer(NAME MODULES…): tests/fuzz/fuzz_NAME.c with libFuzzer (preset fuzz).  In every other
# build the same file replays its corpus tests/fuzz/corpus/NAME/ as a test.
function(add_fuzzer name)
  add_executable(fuzz_${name} ${PERILUNE_NOT_LINKED} fuzz/fuzz_${name}.c)
  target_link_libraries(fuzz_${name} PRIVATE perilune_options ${ARGN})
  if(PERILUNE_FUZZ)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_${name} PRIVATE fuzz/replay.c)
    if(NOT PERILUNE_NOT_LINKED)
      add_test(NAME fuzz/${name} COMMAND fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
    endif()
  endif()
endfunction()

# embed_lua(TARGET DIR FILES…): Lua sources in the target as text, with a table `const struct
# embedded_lua embedded_lua[]` of module name, file, source and length.  The assembler copies the
# files: as arrays in C they would take the compiler longer than everything else.
function(embed_lua target dir)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_lua.S)
  set(inputs ${ARGN})
  set(texts "")
  set(table "")
  foreach(file IN LISTS ARGN)
    string(REGEX REPLACE "(/init)?\\.lua$" "" module ${file})
    string(REPLACE "/" "." module ${module})
    string(MAKE_C_IDENTIFIER ${module} label)
    string(APPEND texts
      ".Lsource_${label}: .incbin \"${dir}/${file}\"\n.Lend_${label}: .byte 0\n"
      ".Lmodule_${label}: .asciz \"${module}\"\n.Lfile_${label}: .asciz \"${file}\"\n")
    string(APPEND table ".dc.a .Lmodule_${label}, .Lfile_${label}, .Lsource_${label}, "
      ".Lend_${label} - .Lsource_${label}\n")
  endforeach()
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"/* Generated: see embed_lua() in cmake/Modules.cmake. */
.section .rodata
${texts}
.section .data.rel.ro, \"aw\"
.balign 16
.globl embedded_lua
embedded_lua:
${table}.dc.a 0, 0, 0, 0
.section .note.GNU-stack, \"\"
")
  list(TRANSFORM inputs PREPEND ${dir}/)
  set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS "${inputs}")
  target_sources(${target} PRIVATE ${out})
endfunction()
