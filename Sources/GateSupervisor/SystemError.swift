import Glibc

/// A system call that failed: what was being done, and the kernel's error number.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was attempted, in words that fit before "failed".
    public let attempt: String
    /// errno.
    public let number: Int32
    /// What the operator can do about it, or empty.
    public let advice: String

    /// The error `number` of `attempt`.
    public init(_ attempt: String, number: Int32, advice: String = "") {
        self.attempt = attempt
        self.number = number
        self.advice = advice
    }

    /// `attempt: reason (advice)`.
    public var description: String {
        var buffer = [CChar](repeating: 0, count: 256)
        // SAFETY: the POSIX strerror_r writes at most the given size, with a closing NUL.
        let found = unsafe strerror_r(number, &buffer, buffer.count) == 0
        let text = "\(attempt): \(found ? Self.text(buffer) : "error \(number)")"
        return advice.isEmpty ? text : "\(text) (\(advice))"
    }

    /// The text before the first NUL of `characters`.
    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
