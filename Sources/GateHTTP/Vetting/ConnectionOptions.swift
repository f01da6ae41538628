import GatePrimitives

/// What the `connection` fields of a message say (RFC 9110 §7.6.1).
struct ConnectionOptions {
    /// LIMIT: options in all `connection` fields; each costs a walk over the lines. Breach: `bad_header`.
    static let most = 32

    /// The connection closes after the message.
    var close = false
    /// HTTP/1.0: the connection is kept.
    var keepAlive = false
    /// The `upgrade` field is meant for us.
    var upgrade = false
    private var count = 0

    /// Reads every `connection` line and removes the fields that they nominate.
    ///
    /// `guarded`: nominating a field that the gateway relies on or sets is refused (attacks 15).
    init(_ bytes: Span<UInt8>, _ lines: inout FieldLines, guarded: Bool) throws(HeadError) {
        var line = lines.first(.connection)
        while let index = line {
            try read(bytes, lines.slots[index].valueRange, &lines, guarded)
            line = lines.first(.connection, from: index &+ 1)
        }
    }

    private mutating func read(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ lines: inout FieldLines, _ guarded: Bool
    ) throws(HeadError) {
        var start = range.lowerBound
        while start <= range.upperBound {
            let comma = bytes.firstIndex(of: Ascii.comma, in: start..<range.upperBound)
            let option = bytes.trimmed(start..<comma)
            start = comma &+ 1
            count &+= 1
            guard count <= Self.most else { throw .init(.badHeader) }
            // RFC 9110 §5.6.1.2: an empty element is ignored.
            if !option.isEmpty { try take(bytes, option, &lines, guarded) }
        }
    }

    private mutating func take(
        _ bytes: Span<UInt8>, _ option: Range<Int>, _ lines: inout FieldLines, _ guarded: Bool
    ) throws(HeadError) {
        if bytes.matches(option, lowercase: "keep-alive") {
            keepAlive = true
        } else if bytes.matches(option, lowercase: "close") {
            close = true
        } else if bytes.matches(option, lowercase: "upgrade") {
            upgrade = true
        } else {
            var isPlain = true
            for index in option {
                guard ByteClass.token.contains(bytes[index]) else { throw .init(.badHeader) }
                if !ByteClass.nameLetter.contains(bytes[index]) { isPlain = false }
            }
            try nominate(bytes, option, isPlain ? FieldNameIndex.shared.name(bytes, option) : .other, &lines, guarded)
        }
    }

    /// Takes the fields of that name out of the message.
    private func nominate(
        _ bytes: Span<UInt8>, _ option: Range<Int>, _ name: FieldName, _ lines: inout FieldLines, _ guarded: Bool
    ) throws(HeadError) {
        if guarded,
            GuardedName.contains(name) || name == .other && GuardedName.isSpoof(bytes, option, FieldNameIndex.shared)
        {
            throw .init(.hopByHopAbuse)
        }
        var index = 0
        while index < lines.slots.count {
            let slot = lines.slots[index]
            if slot.name == name, !slot.marks.contains(.rebuilt),
                name != .other || bytes.extracting(slot.nameRange).equalsIgnoringCase(bytes.extracting(option))
            {
                lines.mark(index, .removed)
            }
            index &+= 1
        }
    }
}
