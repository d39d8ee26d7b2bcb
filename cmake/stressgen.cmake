# What every folder's CMakeLists.txt uses: sg_library, sg_program, sg_share.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(sg_flags INTERFACE)
target_compile_definitions(sg_flags INTERFACE _GNU_SOURCE)
target_compile_options(sg_flags INTERFACE
  -Wall -Wextra -Wundef -Wconversion -Wshadow -Wcast-qual -Wvla -fno-omit-frame-pointer -g)
if(SG_WERROR)
  target_compile_options(sg_flags INTERFACE -Werror)
endif()

# Kept apart from sg_flags: what is preloaded into other programs is never sanitised.
add_library(sg_sanitize INTERFACE)
if(SG_SANITIZE)
  target_compile_options(sg_sanitize INTERFACE -fsanitize=${SG_SANITIZE} -fno-sanitize-recover=undefined)
  target_link_options(sg_sanitize INTERFACE -fsanitize=${SG_SANITIZE})
endif()

# All *.c of this folder and of the named folders in it belong to the target, and each of these folders is where it
# (PRIVATE) or whoever links it (PUBLIC) looks for "headers": by -iquote, so that our "err.h" never shadows <err.h>.
function(sg_folders target visibility)
  foreach(folder IN LISTS ARGN ITEMS ".")
    cmake_path(ABSOLUTE_PATH folder NORMALIZE)
    string(REGEX REPLACE "/$" "" folder "${folder}")
    file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.c")
    target_sources(${target} PRIVATE ${sources})
    target_compile_options(${target} ${visibility} "SHELL:-iquote ${folder}")
  endforeach()
endfunction()

# sg_library(NAME [FOLDERS ...] LIBS ...): the static library sg_NAME. It exports its own folders alone: an include
# that the house rules forbid does not compile.
function(sg_library name)
  cmake_parse_arguments(ARG "" "" "FOLDERS;LIBS" ${ARGN})
  add_library(sg_${name} STATIC)
  sg_folders(sg_${name} PUBLIC ${ARG_FOLDERS})
  target_link_libraries(sg_${name} PUBLIC sg_flags sg_sanitize ${ARG_LIBS})
endfunction()

# sg_program(NAME DIR bin|libexec LIBS ... [FOLDERS ...] | [SOURCES ...]): an executable where the installed tree has
# it too, of the sources that are named, else of all in this folder and those folders.
function(sg_program name)
  cmake_parse_arguments(ARG "" "DIR" "FOLDERS;LIBS;SOURCES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  if(ARG_SOURCES)
    target_compile_options(${name} PRIVATE "SHELL:-iquote ${CMAKE_CURRENT_SOURCE_DIR}")
  else()
    sg_folders(${name} PRIVATE ${ARG_FOLDERS})
  endif()
  target_link_libraries(${name} PRIVATE sg_flags sg_sanitize ${ARG_LIBS})
  if(ARG_DIR STREQUAL "bin")
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${SG_BIN_DIR}")
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  else()
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${SG_LIBEXEC_DIR}")
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/stressgen)
  endif()
endfunction()

# sg_share(DIR): the folder's DIR becomes share/stressgen/DIR, in the build tree by a link.
function(sg_share dir)
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}/${dir}" "${SG_SHARE_DIR}/${dir}" SYMBOLIC)
  install(DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/${dir}" DESTINATION ${CMAKE_INSTALL_DATADIR}/stressgen)
endfunction()
