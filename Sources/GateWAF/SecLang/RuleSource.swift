/// One file of rules, in the order in which the caller loads them.
public struct RuleSource: Sendable {
    /// The path as problems name it.
    public let path: String
    /// What the file holds.
    public let bytes: [UInt8]

    /// A file of rules that the caller has read.
    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// Reads the files that rules name, such as the phrases of `@pmFromFile`.
///
/// The module opens no file itself: the caller decides where files may come from and how large they may be.
public protocol RuleFiles {
    /// What the file at `path` holds. A relative name in a rule arrives joined to the folder of the rule's own file.
    func contents(of path: String) throws(RuleFileProblem) -> [UInt8]
}

/// Why a file that a rule names cannot be had.
public struct RuleFileProblem: Error, Equatable, Sendable {
    /// A sentence without a final stop, such as `no such file`.
    public let message: String

    /// A problem in words.
    public init(message: String) { self.message = message }
}

/// What is wrong with a rule file, where, and what to write instead.
public struct RuleProblem: Error, Equatable, Sendable {
    /// The file.
    public let path: String
    /// The line on which the directive starts, from 1.
    public let line: Int
    /// What is wrong, a sentence without a final stop.
    public let message: String
    /// What to write instead, a sentence without a final stop.
    public let remedy: String

    /// A problem at a line of a file.
    public init(path: String, line: Int, message: String, remedy: String) {
        self.path = path
        self.line = line
        self.message = message
        self.remedy = remedy
    }
}
