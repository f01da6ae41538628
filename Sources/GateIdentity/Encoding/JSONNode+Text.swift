extension JSONNode {
    /// The value as JSON without white space; members keep their order.
    public var text: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    /// An object with these members, in this order.
    public static func object(_ members: [(String, JSONNode)]) -> JSONNode {
        .object(members.map { Member(name: [UInt8]($0.0.utf8), value: $0.1) })
    }

    /// A string of this text.
    public static func text(_ text: String) -> JSONNode { .string([UInt8](text.utf8)) }

    /// A whole number.
    public static func integer(_ number: Int64) -> JSONNode { .number([UInt8](String(number).utf8)) }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .object(let members):
            bytes.append(0x7B)
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(0x2C) }
                JSONNode.write(string: member.name, to: &bytes)
                bytes.append(0x3A)
                member.value.write(to: &bytes)
            }
            bytes.append(0x7D)
        case .array(let elements):
            bytes.append(0x5B)
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(0x2C) }
                element.write(to: &bytes)
            }
            bytes.append(0x5D)
        case .string(let string): JSONNode.write(string: string, to: &bytes)
        case .number(let number): bytes += number
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .null: bytes += "null".utf8
        }
    }

    /// RFC 8259 §7: quotation mark, backslash and control characters are escaped.
    private static func write(string: [UInt8], to bytes: inout [UInt8]) {
        let digits = [UInt8]("0123456789abcdef".utf8)
        bytes.append(0x22)
        for byte in string {
            switch byte {
            case 0x22, 0x5C: bytes += [0x5C, byte]
            case 0x00..<0x20, 0x7F:
                bytes += [0x5C, 0x75, 0x30, 0x30, digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }
}
