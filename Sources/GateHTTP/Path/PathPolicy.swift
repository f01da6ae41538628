/// What a route does with the spellings of a path that two parsers read differently.
///
/// Always, whatever the policy: percent-encoded unreserved characters are decoded and hex digits upper-cased
/// (RFC 3986 §6.2.2); a path that leads above the root, an invalid percent-encoding (`%zz`, `%u002e`), an encoded control
/// character (`%00`), and escapes that are not UTF-8 (overlong forms, `%C0%AE`) are refused.
public struct PathPolicy: Sendable, Equatable {
    /// What to do with one kind of spelling.
    public enum Choice: UInt8, Sendable {
        /// The request is a 400.
        case refuse
        /// The bytes stay as they are, and are matched and forwarded so.
        case keep
        /// The spelling is resolved once, before anything is matched.
        case resolve
    }

    /// Segments `.` and `..`, also written `%2e`, and segments that end in `..` (`/api../admin`).
    ///
    /// `resolve` removes `.` and `..` (RFC 3986 §5.2.4); a segment that only ends in `..` is then an ordinary one.
    /// What is a dot segment only to a reader who decodes `%2F` or cuts `;…` off is never resolved: unless `keep`, it is refused.
    public var dotSegments: Choice

    /// Empty segments: `//`.
    ///
    /// `resolve` merges them, before `..` is resolved: `/a//../b` is `/b`. With `keep`, `..` takes away an empty
    /// segment as any other: `/a//../b` is `/a/b`.
    public var duplicateSlashes: Choice

    /// `%2F`, `%5C` and `\`.
    ///
    /// `resolve` makes each a `/` before segments are looked at, under the policies for dot segments and `//`. `keep`
    /// also keeps double encodings (`%252e`) and characters that fold to a delimiter (U+FF0F and others); they are
    /// refused otherwise.
    public var encodedSlash: Choice

    /// Path parameters: `;…` in a segment.
    ///
    /// `resolve` strips from `;` to the end of the segment. `%3B` is only accepted by `keep`.
    public var parameters: Choice

    /// A policy; everything is refused unless said otherwise.
    public init(
        dotSegments: Choice = .refuse, duplicateSlashes: Choice = .refuse, encodedSlash: Choice = .refuse,
        parameters: Choice = .refuse
    ) {
        self.dotSegments = dotSegments
        self.duplicateSlashes = duplicateSlashes
        self.encodedSlash = encodedSlash
        self.parameters = parameters
    }

    /// Everything refused: the default, and the only safe choice where backends differ.
    public static let strict = PathPolicy()
}

/// What was found in a path that a policy has to decide about.
public struct PathAnomalies: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// The set with these bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A segment `.` (attacks 33).
    public static let dotSegment = PathAnomalies(rawValue: 1)
    /// A segment `..` (attacks 32).
    public static let parentSegment = PathAnomalies(rawValue: 2)
    /// A segment that ends in `..` and is not just that (attacks 32).
    public static let trailingDots = PathAnomalies(rawValue: 4)
    /// An empty segment (attacks 33).
    public static let duplicateSlash = PathAnomalies(rawValue: 8)
    /// `%2F`, `%5C` or `\` (attacks 34).
    public static let encodedSlash = PathAnomalies(rawValue: 16)
    /// `%25` before what would then be an escape, or a character that folds to `.`, `/`, `\`, `;` or `%` (attacks 34).
    public static let doubleEncoding = PathAnomalies(rawValue: 32)
    /// `;` (attacks 35).
    public static let parameter = PathAnomalies(rawValue: 64)
    /// `%3B` (attacks 34).
    public static let encodedParameter = PathAnomalies(rawValue: 128)
}
