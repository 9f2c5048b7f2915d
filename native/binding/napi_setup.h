#pragma once
// The only place that includes napi.h: its configuration must be the same everywhere. The defines themselves are in
// CMakeLists.txt.
#if !defined(NODE_ADDON_API_CPP_EXCEPTIONS) || !defined(NODE_ADDON_API_CPP_EXCEPTIONS_ALL) || \
    !defined(NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS)
#error "build with CMakeLists.txt: without these defines a C++ exception ends the process"
#endif
#include <napi.h>
