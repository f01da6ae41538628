import CPCRE2

/// What matching needs and must not share: one per loop, used by all patterns of that loop.
///
/// Holds the match data, the match context with its limits and the stack of machine code, so that a match
/// allocates nothing. Not Sendable: it belongs to its loop.
@safe
public final class MatchScratch {
    // SAFETY: the four pointers are made in `init`, freed in `deinit` in reverse order, and never leave this class.
    private let context: OpaquePointer?
    private let data: OpaquePointer?
    private let stack: OpaquePointer?
    /// Pairs of the last match that hold a value; 0 after anything but a match.
    private var pairs = 0

    /// The bounds that every match in this scratch obeys.
    public let limits: MatchLimits

    /// A scratch with `limits`; where memory is short, every match in it fails with `memoryLimit`.
    public init(limits: MatchLimits = MatchLimits()) {
        self.limits = limits
        // SAFETY: constructors that take sizes and return an owned pointer or NULL; NULL is handled in `run`.
        unsafe context = pcre2_match_context_create_8(nil)
        unsafe data = pcre2_match_data_create_8(max(limits.captures, 1), nil)
        let bound = min(max(limits.jitStackBytes, MatchScratch.initialStack), MatchScratch.maximumStack)
        unsafe stack = pcre2_jit_stack_create_8(MatchScratch.initialStack, bound, nil)
        guard let context = unsafe context else { return }
        // SAFETY: `context` is live; the stack is assigned by pointer and lives exactly as long as the context.
        // JIT ignores the depth limit, so its bound is this stack (pcre2jit); a NULL stack means 32 KiB on the machine's.
        unsafe pcre2_jit_stack_assign_8(context, nil, unsafe UnsafeMutableRawPointer(stack))
        _ = unsafe pcre2_set_match_limit_8(context, limits.matches)
        _ = unsafe pcre2_set_depth_limit_8(context, limits.matches)
        _ = unsafe pcre2_set_heap_limit_8(context, limits.heapKiB)
    }

    deinit {
        // SAFETY: each pointer is freed once, the context before the stack it points to; PCRE2 accepts NULL.
        unsafe pcre2_match_context_free_8(context)
        unsafe pcre2_match_data_free_8(data)
        unsafe pcre2_jit_stack_free_8(stack)
    }

    /// Whether PCRE2 was built with a just-in-time compiler; a pattern's `isJITCompiled` says whether it may be used.
    public static var isJITBuiltIn: Bool {
        var value: UInt32 = 0
        // SAFETY: PCRE2_CONFIG_JIT writes one uint32_t (pcre2api).
        return unsafe pcre2_config_8(UInt32(PCRE2_CONFIG_JIT), &value) >= 0 && value == 1
    }

    /// The number of groups of the last match that can be asked for, group 0 included; 0 if it did not match.
    public var captureCount: Int { pairs }

    /// The bytes of group `index` in the subject of the last match, or nil: no match, no such group, or not taken.
    public func capture(_ index: Int) -> Range<Int>? {
        guard index >= 0, index < pairs, let data = unsafe data else { return nil }
        // SAFETY: the vector holds `pcre2_get_ovector_count` pairs and `run` keeps `pairs` at or below that.
        let vector = unsafe pcre2_get_ovector_pointer_8(data)
        guard let vector = unsafe vector else { return nil }
        let start = unsafe vector[2 &* index]
        let end = unsafe vector[2 &* index &+ 1]
        // PCRE2_UNSET, the largest size, arrives as -1; a start behind the end is no range either.
        guard start >= 0, start <= end else { return nil }
        return start..<end
    }

    /// Runs `code` over `bytes`; only `Pattern` calls this.
    func run(_ code: OpaquePointer, _ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> PatternResult {
        pairs = 0
        guard let data = unsafe data, let context = unsafe context else { return .failed(.memoryLimit) }
        let isLong = bytes.count > MatchScratch.longSubject
        if isLong { setSteps(UInt64(limits.matches) &+ UInt64(bytes.count) &* MatchScratch.stepsPerByte) }
        defer { if isLong { setSteps(UInt64(limits.matches)) } }
        // SAFETY: `code`, `data` and `context` are live, the subject has exactly `bytes.count` bytes (a NULL subject
        // goes with length 0, which PCRE2 10.40 and later reads as empty), and `start` was checked against it.
        let result = unsafe pcre2_match_8(code, bytes.baseAddress, bytes.count, start, 0, data, context)
        if result >= 0 {
            // 0 means more groups than the vector holds: all its pairs are set.
            let held = unsafe Int(pcre2_get_ovector_count_8(data))
            pairs = result == 0 ? held : min(Int(result), held)
            return .match
        }
        return MatchScratch.meaning(of: result)
    }

    /// Bounds the next match. A bound that holds for short subjects would refuse long harmless ones; the sum stays linear in
    /// the size of the subject.
    private func setSteps(_ steps: UInt64) {
        guard let context = unsafe context else { return }
        // SAFETY: `context` is live.
        _ = unsafe pcre2_set_match_limit_8(context, UInt32(clamping: steps))
        _ = unsafe pcre2_set_depth_limit_8(context, UInt32(clamping: steps))
    }

    private static func meaning(of error: Int32) -> PatternResult {
        switch error {
        case PCRE2_ERROR_NOMATCH: .noMatch
        case PCRE2_ERROR_MATCHLIMIT: .failed(.matchLimit)
        case PCRE2_ERROR_JIT_STACKLIMIT: .failed(.stackLimit)
        case PCRE2_ERROR_DEPTHLIMIT, PCRE2_ERROR_HEAPLIMIT, PCRE2_ERROR_NOMEMORY: .failed(.memoryLimit)
        case PCRE2_ERROR_UTF8_ERR21...PCRE2_ERROR_UTF8_ERR1, PCRE2_ERROR_BADUTFOFFSET: .failed(.invalidUTF8)
        default: .failed(.unexpected)
        }
    }

    /// LIMIT: from this many bytes on, the match limit grows with the subject.
    private static let longSubject = 4096
    /// LIMIT: by this many steps a byte; the Core Rule Set's worst expression takes two a byte of harmless text.
    private static let stepsPerByte: UInt64 = 4
    /// What PCRE2's manual calls enough to start with.
    private static let initialStack = 32 * 1024
    /// LIMIT: a setting cannot reserve more than 64 MiB per loop.
    private static let maximumStack = 64 * 1024 * 1024
}
