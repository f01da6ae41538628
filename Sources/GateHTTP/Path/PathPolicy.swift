/// What a route does with the spellings of a path that two parsers read differently.
public struct PathPolicy: Sendable, Equatable {
  /// What to do with one kind of spelling.
  public enum Choice: UInt8, Sendable {
    /// The request is a 400.
    case refuse
    /// The bytes stay as they are.
    case keep
    /// The spelling is resolved once, before anything is matched.
    case resolve
  }

  /// Segments `.` and `..`, also percent-encoded, and segments that end in `..`.
  public var dotSegments: Choice
  /// Empty segments: `//`.
  public var duplicateSlashes: Choice
  /// `%2F`, `%5C` and `\`.
  public var encodedSlash: Choice
  /// Path parameters: `;…` in a segment.
  public var parameters: Choice

  /// A policy; everything is refused unless said otherwise.
  public init(
    dotSegments: Choice = .refuse, duplicateSlashes: Choice = .refuse,
    encodedSlash: Choice = .refuse,
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

  /// A `.` segment.
  public static let dotSegment = PathAnomalies(rawValue: 1)
  /// A `..` segment, or a segment that ends in `..`.
  public static let parentSegment = PathAnomalies(rawValue: 2)
  /// An empty segment.
  public static let duplicateSlash = PathAnomalies(rawValue: 4)
  /// `%2F`, `%5C`, `\`, a double encoding, or a character that folds to a delimiter.
  public static let encodedSlash = PathAnomalies(rawValue: 8)
  /// `;` or `%3B`.
  public static let parameter = PathAnomalies(rawValue: 16)
}
