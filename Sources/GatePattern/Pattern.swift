import CPCRE2

/// A compiled regular expression (PCRE2, 8-bit units), immutable and shared by all loops.
///
/// Matching is bounded by the limits of the `MatchScratch` it runs in. Where just-in-time compilation is not
/// possible (a kernel or service manager that forbids writable and executable memory), the interpreter runs
/// the same pattern under the same limits and `isJITCompiled` says so.
@safe
public final class Pattern: @unchecked Sendable {
    // SAFETY: the pointer is made in `init`, freed in `deinit` and never leaves this class; PCRE2 documents
    // compiled code as read-only after JIT compilation and safe to share between threads (pcre2api, "Multithreading").
    private let code: OpaquePointer

    /// The expression as it was given.
    public let source: String
    /// What subjects the pattern reads.
    public let subject: Subject
    /// Whether machine code was made; false means the interpreter runs it, slower and with the same verdicts.
    public let isJITCompiled: Bool
    /// The number of capturing groups, without group 0.
    public let captureCount: Int

    /// What a subject is taken for.
    public enum Subject: Sendable {
        /// UTF-8: a subject that is not valid UTF-8 fails, it never matches and never "does not match" (attacks 37).
        case text
        /// Bytes: every byte is a unit, as ModSecurity's `@rx` reads its input.
        case bytes
    }

    /// How an expression is read.
    public struct Options: OptionSet, Sendable {
        /// The options as bits.
        public let rawValue: UInt32
        /// The options of `rawValue`; bits without a meaning are ignored.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Letters match in either case.
        public static let caseInsensitive = Options(rawValue: 1)
        /// `.` matches a newline, too.
        public static let dotMatchesNewline = Options(rawValue: 2)
        /// `^` and `$` match at every line.
        public static let multiline = Options(rawValue: 4)
        /// The expression must match the whole subject, as if between `\A(?:` and `)\z`.
        public static let wholeSubject = Options(rawValue: 8)
    }

    /// Compiles `source`.
    ///
    /// `$` means the very end, never "before a final newline". `\C` is refused in text, and `(*UTF)` inside
    /// an expression cannot turn bytes into text. LIMIT: an expression holds at most 64 KiB.
    public init(_ source: String, subject: Subject = .text, options: Options = []) throws(PatternError) {
        // SAFETY: a live code block that nothing else knows yet, see `code`.
        let compiled = unsafe try Pattern.compile(source, flags: Pattern.flags(subject, options))
        unsafe code = compiled
        self.source = source
        self.subject = subject
        // SAFETY: `compiled` is live and not yet shared, as compiling to machine code demands. Its result is not an
        // error: what was made is asked for below.
        _ = unsafe pcre2_jit_compile_8(compiled, PCRE2_JIT_COMPLETE)
        var codeSize = 0
        // SAFETY: PCRE2_INFO_JITSIZE writes one size_t (pcre2api).
        _ = unsafe pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_JITSIZE), &codeSize)
        isJITCompiled = codeSize > 0
        var groups: UInt32 = 0
        // SAFETY: PCRE2_INFO_CAPTURECOUNT writes one uint32_t (pcre2api).
        _ = unsafe pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_CAPTURECOUNT), &groups)
        captureCount = Int(groups)
    }

    deinit {
        // SAFETY: the only owner frees; no match runs, since a match holds a reference to self.
        unsafe pcre2_code_free_8(code)
    }

    /// Looks for the pattern in `subject` at or after byte `start`, within the limits of `scratch`.
    ///
    /// Allocates nothing. `failed` means that there is no answer: callers refuse. After `match` the positions are
    /// in `scratch.capture(_:)` until the next call with the same scratch.
    public func matches(
        _ subject: Span<UInt8>, in scratch: MatchScratch, from start: Int = 0
    ) -> PatternResult {
        guard start >= 0, start <= subject.count else { return .noMatch }
        // SAFETY: `code` lives as long as self; the buffer is borrowed for the call and PCRE2 gets its exact length.
        return unsafe subject.withUnsafeBufferPointer { bytes in
            unsafe scratch.run(code, bytes, from: start)
        }
    }

    private static func flags(_ subject: Subject, _ options: Options) -> UInt32 {
        var flags = PCRE2_DOLLAR_ENDONLY
        switch subject {
        case .text: flags |= PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C
        case .bytes: flags |= PCRE2_NEVER_UTF | PCRE2_NEVER_UCP
        }
        if options.contains(.caseInsensitive) { flags |= PCRE2_CASELESS }
        if options.contains(.dotMatchesNewline) { flags |= PCRE2_DOTALL }
        if options.contains(.multiline) { flags |= PCRE2_MULTILINE }
        if options.contains(.wholeSubject) { flags |= PCRE2_ANCHORED | PCRE2_ENDANCHORED }
        return flags
    }

    private static func compile(_ source: String, flags: UInt32) throws(PatternError) -> OpaquePointer {
        let bytes = Array(source.utf8)
        guard bytes.count <= maximumLength else {
            throw PatternError(message: "the expression is longer than \(maximumLength) bytes", offset: maximumLength)
        }
        var error: Int32 = 0
        var offset = 0
        // SAFETY: the array is borrowed for the call with its exact length; both out-parameters are our own variables.
        let code = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe pcre2_compile_8(buffer.baseAddress, buffer.count, flags, &error, &offset, nil)
        }
        guard let code = unsafe code else {
            throw PatternError(message: message(of: error), offset: min(max(offset, 0), bytes.count))
        }
        return unsafe code
    }

    /// PCRE2's own words for an error code.
    private static func message(of error: Int32) -> String {
        var text = [UInt8](repeating: 0, count: 256)
        // SAFETY: PCRE2 writes at most `count` bytes, the terminating zero included.
        let length = unsafe text.withUnsafeMutableBufferPointer { buffer in
            unsafe pcre2_get_error_message_8(error, buffer.baseAddress, buffer.count)
        }
        guard length > 0, Int(length) <= text.count else { return "error \(error)" }
        return String(decoding: text[..<Int(length)], as: UTF8.self)
    }

    /// LIMIT: longer than the longest expression of common rule sets by a factor of four.
    static let maximumLength = 64 * 1024
}

/// Why an expression does not compile.
public struct PatternError: Error, Equatable, Sendable {
    /// PCRE2's sentence, in English, without a final stop.
    public let message: String
    /// The byte of the expression at which it was noticed, from 0.
    public let offset: Int
}
