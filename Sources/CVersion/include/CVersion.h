// What `portcullis version` says of its build.
#ifndef PORTCULLIS_CVERSION_H
#define PORTCULLIS_CVERSION_H

/// The commit that was built, with `+changes` where the tree had others; `development` outside `make build`.
const char *gate_revision(void);

/// The compiler's version.
const char *gate_toolchain(void);

/// Which BoringSSL is linked: it has no version of its own.
const char *gate_boringssl(void);

#endif
