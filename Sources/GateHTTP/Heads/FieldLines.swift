/// Where the field lines of one head stand in its bytes, and what was found about them.
struct FieldLines {
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

        /// A line that is not there.
        static var nothing: Slot {
            Slot(line: 0, value: 0, valueLength: 0, nameLength: 0, name: .other, marks: .removed)
        }

        /// Where the name stands.
        @inline(__always)
        var nameRange: Range<Int> { Int(line)..<(Int(line) &+ Int(nameLength)) }

        /// Where the value stands.
        @inline(__always)
        var valueRange: Range<Int> { Int(value)..<(Int(value) &+ Int(valueLength)) }
    }

    /// Facts about one field line.
    struct Marks: OptionSet {
        let rawValue: UInt8
        /// The line reads `name: value`, one space and none after the value: it can be copied as it stands.
        static let plain = Marks(rawValue: 1)
        /// The name holds a token character other than a letter, a digit or `-`.
        static let odd = Marks(rawValue: 2)
        /// The line is no part of the message any more: look-ups skip it and it is not forwarded.
        static let removed = Marks(rawValue: 4)
        /// The line is read, and what is forwarded in its place the gateway writes itself.
        static let rebuilt = Marks(rawValue: 8)
        /// The line says over which hops a request came: believed and kept only from a trusted peer.
        static let forwarding = Marks(rawValue: 16)
        /// The line is one of those that are never copied as they stand.
        static let notCopied: Marks = [.removed, .rebuilt, .forwarding]
    }

    /// The lines in the order they came.
    private(set) var slots: ContiguousArray<Slot> = []

    /// The known names among them.
    private(set) var present: FieldSet = []

    /// Forgets all lines and keeps the storage.
    mutating func removeAll() {
        slots.removeAll(keepingCapacity: true)
        present = []
    }

    /// Adds a line.
    mutating func append(_ slot: Slot) {
        slots.append(slot)
        present.insert(slot.name)
    }

    /// Adds `marks` to line `index`.
    mutating func mark(_ index: Int, _ marks: Marks) {
        slots[index].marks.formUnion(marks)
    }

    /// Adds `marks` to every line of `name`.
    mutating func markAll(_ name: FieldName, _ marks: Marks) {
        guard present.contains(name) else { return }
        for index in slots.indices where slots[index].name == name { slots[index].marks.formUnion(marks) }
    }

    /// The index of the first line of `name` at or behind `start` that is part of the message.
    func first(_ name: FieldName, from start: Int = 0) -> Int? {
        guard name == .other || present.contains(name) else { return nil }
        var index = start
        while index < slots.count {
            if slots[index].name == name, !slots[index].marks.contains(.removed) { return index }
            index &+= 1
        }
        return nil
    }

    /// The index of the first line at or behind `start` that is part of the message and whose name in `bytes` is
    /// `wanted`, in any case.
    func first(named wanted: Span<UInt8>, in bytes: Span<UInt8>, from start: Int = 0) -> Int? {
        var index = start
        while index < slots.count {
            let slot = slots[index]
            if Int(slot.nameLength) == wanted.count, !slot.marks.contains(.removed),
                bytes.extracting(slot.nameRange).equalsIgnoringCase(wanted)
            {
                return index
            }
            index &+= 1
        }
        return nil
    }
}
