# Toolchain file: zig as compiler for another system (or an older C library of this one).
#   RERANK_ZIG         the zig program
#   RERANK_ZIG_TARGET  e.g. x86_64-linux-gnu.2.28
#   RERANK_LIBCXX      for macOS, whose C++ library zig would replace by its own: what to link instead
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES RERANK_ZIG RERANK_ZIG_TARGET RERANK_LIBCXX)

string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR "${RERANK_ZIG_TARGET}")
if(RERANK_ZIG_TARGET MATCHES "macos")
  set(CMAKE_SYSTEM_NAME Darwin)
  # CMake looks for these two, and without install steps calls neither.
  set(CMAKE_INSTALL_NAME_TOOL ${RERANK_ZIG})
  set(CMAKE_OSX_SYSROOT "")
  set(CMAKE_CXX_STANDARD_LIBRARIES "-nostdlib++ ${RERANK_LIBCXX}")
  # zig's headers are newer than that library and by themselves call what only newer ones have.
  set(CMAKE_CXX_FLAGS_INIT "-D_LIBCPP_HAS_VENDOR_AVAILABILITY_ANNOTATIONS=1 -Wno-macro-redefined")
else()
  set(CMAKE_SYSTEM_NAME Linux)
endif()

set(CMAKE_CXX_COMPILER ${RERANK_ZIG} c++ -target ${RERANK_ZIG_TARGET})
set(CMAKE_CXX_ARCHIVE_CREATE "\"${RERANK_ZIG}\" ar qc <TARGET> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_APPEND "\"${RERANK_ZIG}\" ar q <TARGET> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_FINISH "\"${RERANK_ZIG}\" ranlib <TARGET>")

set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE NEVER)
