# Warnings are errors everywhere: the CI rows build with gcc and clang.
add_library(hearth_warnings INTERFACE)
target_compile_definitions(hearth_warnings INTERFACE _GNU_SOURCE HEARTH_VERSION="${PROJECT_VERSION}")
target_compile_options(hearth_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
  -fno-omit-frame-pointer)
