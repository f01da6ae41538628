import NIOCore

extension VettedRequest {
    /// The number of field lines, those included that are no part of the request any more.
    public var fieldCount: Int { lines.slots.count }

    /// Whether line `index` was taken out: nominated by `connection`, an identity field of the client's own, or one
    /// that steers a proxy. Look-ups by name skip it, and it is not forwarded.
    public func isRemoved(at index: Int) -> Bool { slot(index).marks.contains(.removed) }

    /// The index of the first line of `name`, or nil.
    public func first(_ name: FieldName) -> Int? {
        name == .other ? nil : lines.first(name)
    }

    /// The index of the next line of `name` behind `index`, or nil.
    public func next(_ name: FieldName, after index: Int) -> Int? {
        name == .other || index < 0 ? nil : lines.first(name, from: index &+ 1)
    }

    /// The index of the first line whose name is `name`, known or not, or nil.
    public func first(named name: Span<UInt8>) -> Int? {
        lines.first(named: name, in: bytes.readableBytesUInt8Span)
    }

    /// The index of the next line behind `index` whose name is `name`, or nil.
    public func next(named name: Span<UInt8>, after index: Int) -> Int? {
        index < 0 ? nil : lines.first(named: name, in: bytes.readableBytesUInt8Span, from: index &+ 1)
    }

    /// The name of line `index`, if it is a known one.
    public func fieldName(at index: Int) -> FieldName { slot(index).name }

    /// The name of line `index` as sent; empty where there is no such line.
    @_lifetime(borrow self)
    public func nameBytes(at index: Int) -> Span<UInt8> {
        bytes.readableBytesUInt8Span.extracting(slot(index).nameRange)
    }

    /// The value of line `index`, white space around it trimmed; empty where there is no such line.
    @_lifetime(borrow self)
    public func value(at index: Int) -> Span<UInt8> {
        bytes.readableBytesUInt8Span.extracting(slot(index).valueRange)
    }

    /// The name of line `index` in lower case, for cold code.
    public func nameText(at index: Int) -> String {
        fieldName(at: index) == .other ? nameBytes(at: index).text.lowercased() : fieldName(at: index).text
    }

    /// The value of line `index`, for cold code.
    public func valueText(at index: Int) -> String { value(at: index).text }

    /// Whether `content-type` is `name`, in lower case, with parameters or a suffix such as `+proto`.
    public func hasMediaType(_ name: StaticString) -> Bool {
        guard let line = first(.contentType) else { return false }
        return value(at: line).isMediaType(name)
    }

    /// The value of the first line of `name`, for cold code.
    public func text(_ name: FieldName) -> String? {
        first(name).map { valueText(at: $0) }
    }

    /// Line `index`, or an empty one where there is none.
    func slot(_ index: Int) -> FieldLines.Slot {
        guard index >= 0, index < lines.slots.count else { return .nothing }
        return lines.slots[index]
    }
}
