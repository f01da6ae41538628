/// What rules measure of a message and do not read: counted while its table is filled.
struct MessageMeasures: Sendable {
    /// Arguments of the query and the body.
    var arguments = 0
    /// Bytes of the arguments' names and values, decoded.
    var argumentBytes = 0
    /// Bytes of the header fields as ModSecurity writes them: name, colon, space, value, line feed.
    var headerBytes = 0
}
