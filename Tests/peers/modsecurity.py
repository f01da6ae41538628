"""libmodsecurity through its C interface: the oracle of what rules see of a request."""

import ctypes
import re

LOG_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)


class ModSecurity:
    """Rules that only detect, and the ids of those that match a raw request."""

    def __init__(self, rules):
        library = ctypes.CDLL("libmodsecurity.so.3")
        for name in ("msc_init", "msc_create_rules_set", "msc_new_transaction"):
            getattr(library, name).restype = ctypes.c_void_p
        self.library = library
        self.matched = set()
        # Kept for as long as the library may call it.
        self.callback = LOG_CALLBACK(self._log)
        self.engine = ctypes.c_void_p(library.msc_init())
        library.msc_set_log_cb(self.engine, self.callback)
        self.rules = ctypes.c_void_p(library.msc_create_rules_set())
        error = ctypes.c_char_p()
        text = "SecRuleEngine DetectionOnly\nSecRequestBodyAccess On\nSecAuditEngine Off\n" + rules
        if library.msc_rules_add(self.rules, text.encode(), ctypes.byref(error)) < 0:
            raise AssertionError((error.value or b"").decode())

    def _log(self, _, message):
        found = re.search(rb'\[id "(\d+)"\]', message)
        if found:
            self.matched.add(int(found[1]))

    def ids(self, method, target, fields, body):
        """The ids of the rules that match a request of HTTP/1.1; names and values of `fields` are bytes."""
        library = self.library
        self.matched = set()
        transaction = ctypes.c_void_p(library.msc_new_transaction(self.engine, self.rules, None))
        try:
            library.msc_process_connection(transaction, b"192.0.2.1", 1234, b"192.0.2.2", 80)
            library.msc_process_uri(transaction, target, method, b"1.1")
            for name, value in fields:
                library.msc_add_n_request_header(
                    transaction, name, ctypes.c_size_t(len(name)), value, ctypes.c_size_t(len(value)))
            library.msc_process_request_headers(transaction)
            if body:
                library.msc_append_request_body(transaction, body, ctypes.c_size_t(len(body)))
            library.msc_process_request_body(transaction)
        finally:
            library.msc_transaction_cleanup(transaction)
        return self.matched

    def close(self):
        self.library.msc_rules_cleanup(self.rules)
        self.library.msc_cleanup(self.engine)
