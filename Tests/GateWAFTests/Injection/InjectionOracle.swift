import Glibc

/// libinjection as Debian's libmodsecurity exports it; nil where that is not installed.
@safe struct InjectionOracle {
    private typealias DetectSQL = @convention(c) (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>) -> CInt
    private typealias DetectScript = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

    // SAFETY: the library lives as long as the process; the C signatures are those of libinjection.h.
    private let detectSQL: DetectSQL
    private let detectScript: DetectScript

    init?() {
        guard let library = unsafe dlopen("libmodsecurity.so.3", RTLD_NOW | RTLD_LOCAL),
            let sql = unsafe dlsym(library, "libinjection_sqli"),
            let script = unsafe dlsym(library, "libinjection_xss")
        else { return nil }
        unsafe detectSQL = unsafe unsafeBitCast(sql, to: DetectSQL.self)
        unsafe detectScript = unsafe unsafeBitCast(script, to: DetectScript.self)
    }

    /// The fingerprint of an injection, or nil.
    func sqlFingerprint(of value: [UInt8]) -> String? {
        // It reads the byte behind the value, as C strings have one.
        let text = value + [0]
        var fingerprint = [UInt8](repeating: 0, count: 8)
        // SAFETY: the value has `value.count` bytes and one more; a fingerprint has at most five letters and a zero.
        let found = unsafe text.withUnsafeBufferPointer { bytes in
            unsafe fingerprint.withUnsafeMutableBufferPointer { letters -> CInt in
                guard let letters = letters.baseAddress else { return 0 }
                return unsafe detectSQL(bytes.baseAddress, value.count, letters)
            }
        }
        return found == 0 ? nil : String(decoding: fingerprint.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Whether the value is script injection.
    func isScript(_ value: [UInt8]) -> Bool {
        let text = value + [0, 0, 0, 0]
        // SAFETY: the value has `value.count` bytes; it reads up to three behind them for a character reference.
        return unsafe text.withUnsafeBufferPointer { unsafe detectScript($0.baseAddress, value.count) } != 0
    }
}
