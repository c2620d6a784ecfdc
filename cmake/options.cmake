# nb_options: the compiler's flags of everything we build. Linked privately, so that users of the library never see them.
add_library(nb_options INTERFACE)
target_compile_definitions(nb_options INTERFACE _GNU_SOURCE)

# No contraction of a*b+c and no reordering: the same sums in the same order give the same bits everywhere.
target_compile_options(nb_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -ffp-contract=off -fno-math-errno)
if(NB_WERROR)
  target_compile_options(nb_options INTERFACE -Werror)
endif()

if(NB_SANITIZE)
  target_compile_options(nb_options INTERFACE -fsanitize=${NB_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(nb_options INTERFACE -fsanitize=${NB_SANITIZE})
else()
  # Distributions differ in what they switch on; readers of foreign files want it everywhere.
  target_compile_options(nb_options INTERFACE $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
endif()
if(NB_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "NB_FUZZ needs clang: configure with the preset 'fuzz' or -DCMAKE_C_COMPILER=clang")
  endif()
  target_compile_options(nb_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
