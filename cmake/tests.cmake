# sg_test(FILE_test.c LIBS ... [LABELS ...] [TIMEOUT s] [ENV A=b ...] [VARIANT name VARIANT_ENV A=b ...]): one
# program; every CASE("...") in it becomes a CTest test of its own, in a process of its own; with a variant a second
# one, "... [name]", under its environment.
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

add_library(sg_harness STATIC "${CMAKE_SOURCE_DIR}/tests/harness.c")
target_compile_options(sg_harness PUBLIC "SHELL:-iquote ${CMAKE_SOURCE_DIR}/tests")
target_link_libraries(sg_harness PUBLIC sg_flags sg_sanitize PkgConfig::CMOCKA)

function(sg_test file)
  cmake_parse_arguments(ARG "" "TIMEOUT;VARIANT" "LIBS;LABELS;ENV;VARIANT_ENV" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  get_filename_component(name "${file}" NAME_WE)
  get_filename_component(folder "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  set(target "${folder}_${name}")
  add_executable(${target} "${file}")
  target_link_libraries(${target} PRIVATE sg_harness ${ARG_LIBS})
  target_compile_definitions(${target} PRIVATE
    SG_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SG_BUILD_DIR="${CMAKE_BINARY_DIR}"
    SG_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
  file(STRINGS "${file}" cases REGEX "^CASE\\(\"")
  foreach(line IN LISTS cases)
    string(REGEX REPLACE "^CASE\\(\"([^\"]*)\".*" "\\1" case "${line}")
    add_test(NAME "${case}" COMMAND ${target} "${case}")
    set_tests_properties("${case}" PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${folder};${ARG_LABELS}"
                         ENVIRONMENT "${ARG_ENV}" SKIP_RETURN_CODE 77)
    if(ARG_VARIANT)
      add_test(NAME "${case} [${ARG_VARIANT}]" COMMAND ${target} "${case}")
      set_tests_properties("${case} [${ARG_VARIANT}]" PROPERTIES TIMEOUT ${ARG_TIMEOUT}
                           LABELS "${folder};${ARG_LABELS}" ENVIRONMENT "${ARG_ENV};${ARG_VARIANT_ENV}"
                           SKIP_RETURN_CODE 77)
    endif()
  endforeach()
endfunction()
