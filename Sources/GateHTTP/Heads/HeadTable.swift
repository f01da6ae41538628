/// The storage of the field lines of one head, made once per connection and used again.
///
/// It allocates only until it has seen the connection's largest head. Owned by one connection on one loop.
public final class HeadTable {
    /// The lines of the head that was read last.
    var lines = FieldLines()

    /// An empty table; allocates its storage when the first head is read.
    public init() {}

    /// The lines, of which the table keeps nothing: what is done to them copies nothing.
    func take() -> FieldLines {
        let taken = lines
        lines = FieldLines()
        return taken
    }
}
