/// What a regular expression can match, as far as required literals care: a superset in every part.
package indirect enum Expression {
    /// No byte, and nothing that matters about what stands around it.
    case empty
    /// One byte of a set.
    case byte(ByteMask)
    /// One after the other.
    case sequence([Expression])
    /// One of them.
    case alternatives([Expression])
    /// At least `minimum` times, at most `maximum` times (nil: without bound).
    case repetition(Expression, minimum: Int, maximum: Int?)
    /// Must match here and takes no byte.
    case lookahead(Expression)
    /// Any text, empty or not: a reference back, a recursion.
    case anything
}
