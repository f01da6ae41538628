// What `portcullis version` says of its build. tools/stamp-revision writes stamp.h, which git does not keep.
#ifndef PORTCULLIS_CVERSION_H
#define PORTCULLIS_CVERSION_H

#if __has_include("stamp.h")
#include "stamp.h"
#else
#define PORTCULLIS_REVISION "development"
#define PORTCULLIS_TOOLCHAIN "unknown"
#define PORTCULLIS_BORINGSSL "unknown"
#endif

#endif
