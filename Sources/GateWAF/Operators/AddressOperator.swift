import GatePrimitives

/// The addresses of `@ipMatch` and `@ipMatchFromFile`.
public struct AddressOperator: Sendable {
    private let addresses: AddressSet

    /// The set that `parameter` lists: addresses and blocks between commas. Bits of a block beyond its prefix do not
    /// count. Throws the entry that is neither.
    public init(parameter: String) throws(Problem) {
        try self.init(entries: parameter.split(separator: ","))
    }

    /// The set of the lines of a file; what follows a `#` is a comment.
    public init(lines: String) throws(Problem) {
        let lines = lines.split(whereSeparator: \.isNewline).map { $0.prefix { $0 != "#" } }
        try self.init(entries: lines.flatMap { $0.split(separator: ",") })
    }

    /// An entry that is no address and no block.
    public struct Problem: Error, Equatable, Sendable {
        /// The entry.
        public let entry: String
    }

    /// Whether `value` is an address of the set; what is no address is not.
    public func contains(_ value: Span<UInt8>) -> Bool {
        IPAddress(parsing: value).map { addresses.contains($0) } ?? false
    }

    private init(entries: [Substring]) throws(Problem) {
        var blocks: [CIDR] = []
        for entry in entries {
            let text = String(entry.filter { !$0.isWhitespace })
            if text.isEmpty { continue }
            do throws(CIDR.ParseError) {
                blocks.append(try CIDR(text))
            } catch .hostBits(let block) {
                blocks.append(block)
            } catch {
                throw Problem(entry: text)
            }
        }
        addresses = AddressSet(blocks)
    }
}
