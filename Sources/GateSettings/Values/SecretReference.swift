/// Where a secret stands: `file:PATH` or `env:NAME`. The configuration itself never holds one.
public enum SecretReference: Hashable, Sendable, CustomStringConvertible {
    /// The content of a file, without the newline at its end.
    case file(FilePath)
    /// The value of an environment variable.
    case environment(String)

    /// The spelling that the configuration reads.
    public var description: String {
        switch self {
        case .file(let path): "file:\(path.written)"
        case .environment(let name): "env:\(name)"
        }
    }
}
