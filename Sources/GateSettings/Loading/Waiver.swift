/// A setting that gives up a protection and is allowed all the same: listed by `check` and `plan`, never silent.
public struct Waiver: Equatable, Sendable {
    /// Where the setting stands.
    public let position: SourcePosition
    /// The file's path.
    public let file: String
    /// What is given up, one sentence without a full stop.
    public let sentence: String

    /// `file:line:column: waiver: what is given up`.
    public var line: String { "\(file):\(position.line):\(position.column): waiver: \(sentence)" }
}
