/// The answer of one match; `failed` is neither yes nor no, and callers refuse.
public enum PatternResult: Equatable, Sendable {
    /// The pattern was found.
    case match
    /// The pattern is not in the subject.
    case noMatch
    /// There is no answer.
    case failed(PatternFailure)
}

/// Why a match has no answer.
public enum PatternFailure: Equatable, Sendable {
    /// More backtracking than the match limit allows.
    case matchLimit
    /// More stack than the bound of the machine code's stack.
    case stackLimit
    /// More heap or depth than the interpreter may use, or no memory at all.
    case memoryLimit
    /// The subject of a text pattern is not valid UTF-8.
    case invalidUTF8
    /// PCRE2 reports an error that input alone cannot cause.
    case unexpected
}

/// The bounds of one match.
public struct MatchLimits: Equatable, Sendable {
    /// Backtracking steps: 100,000 by default, some milliseconds of the slowest pattern. Counted by machine code
    /// more coarsely than by the interpreter. A subject of more than 4 KiB may take 4 more for each byte. Beyond
    /// it: `matchLimit`.
    public var matches: UInt32
    /// Bytes of stack for machine code: 512 KiB by default, reserved once per loop and touched as needed.
    /// Machine code knows no depth limit, this is its bound. Beyond it: `stackLimit`.
    public var jitStackBytes: Int
    /// KiB of heap for the interpreter: 4,096 by default. Beyond it: `memoryLimit`.
    public var heapKiB: UInt32
    /// Groups whose positions are kept, group 0 included: 16 by default. A match with more groups still matches.
    public var captures: UInt32

    /// The defaults, each with its reason at its field.
    public init(
        matches: UInt32 = 100_000, jitStackBytes: Int = 512 * 1024, heapKiB: UInt32 = 4096, captures: UInt32 = 16
    ) {
        self.matches = matches
        self.jitStackBytes = jitStackBytes
        self.heapKiB = heapKiB
        self.captures = captures
    }
}
