/// The bounds of what is read from one message before rules see it.
///
/// Beyond a bound nothing is skipped: what was read is no picture of the message, and it is refused.
public struct InspectionLimits: Sendable, Equatable {
    /// LIMIT: arguments of query and body together; 1000, ModSecurity's recommended `SecArgumentsLimit`.
    public var arguments = 1000
    /// LIMIT: how deep objects and arrays of JSON, or elements of XML, may be nested; 64.
    public var depth = 64
    /// LIMIT: parts of a multipart body; 256.
    public var parts = 256

    /// The defaults.
    public init() {}
}
