// A source of C, since a changed header makes it compile anew; tools/stamp-revision writes stamp.h, which git does not keep.
#include "CVersion.h"

#if __has_include("stamp.h")
#include "stamp.h"
#else
#define PORTCULLIS_REVISION "development"
#define PORTCULLIS_TOOLCHAIN "unknown"
#define PORTCULLIS_BORINGSSL "unknown"
#endif

const char *gate_revision(void) { return PORTCULLIS_REVISION; }

const char *gate_toolchain(void) { return PORTCULLIS_TOOLCHAIN; }

const char *gate_boringssl(void) { return PORTCULLIS_BORINGSSL; }
