/// Where the field lines of one head stand in its bytes; made once per connection and used again.
///
/// It allocates only until it has seen the connection's largest head. Owned by one connection on one loop.
public final class HeadTable {
  /// One field line: offsets from the first byte of the head.
  struct Slot {
    /// First byte of the line, which is the first of the name.
    var line: UInt32
    /// First byte of the value, white space around it trimmed (RFC 9112 §5).
    var value: UInt32
    /// Length of the value in bytes.
    var valueLength: UInt16
    /// Length of the name in bytes.
    var nameLength: UInt16
    /// The name, where it is a known one.
    var name: FieldName
    /// What was found about the line.
    var marks: Marks
  }

  /// Facts about one field line.
  struct Marks: OptionSet {
    let rawValue: UInt8
    /// The line reads `name: value`, one space and none after the value: it can be copied as it stands.
    static let plain = Marks(rawValue: 1)
    /// The name holds a token character other than a letter, a digit or `-`.
    static let odd = Marks(rawValue: 2)
    /// The line is not forwarded.
    static let removed = Marks(rawValue: 4)
  }

  /// The lines in the order they came.
  var slots: ContiguousArray<Slot> = []

  /// The known names among them.
  var present: FieldSet = []

  /// An empty table; allocates its storage when the first head is read.
  public init() {}
}
