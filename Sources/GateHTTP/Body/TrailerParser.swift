import GatePrimitives
import NIOCore

/// Reads and judges a trailer section (RFC 9112 §7.1.2, RFC 9110 §6.5).
struct TrailerParser {
    private var parser = FieldSectionParser(at: 0)
    private var fields = FieldLines()
    /// The lines that may be passed on; nil until a section with a line is complete.
    private(set) var lines: FieldBlock?

    /// Goes on with the front of `buffer`; true once the section is complete and its bytes are consumed.
    ///
    /// Every fault is `bad_trailer`, but for a trailer that would say who is calling: `identity_spoof` (attacks 42).
    /// What is left out of a backend's heads is left out of its trailers.
    mutating func read(
        _ buffer: inout ByteBuffer, _ limits: HeadLimits, isResponse: Bool
    ) throws(HeadError) -> Bool {
        let rules = FieldSectionParser.Rules(
            line: limits.fieldLine, end: limits.head, fields: limits.fields, allowsObsText: isResponse)
        do throws(HeadError) {
            guard try parser.parse(buffer.readableBytesUInt8Span, rules: rules, into: &fields) else { return false }
        } catch {
            throw HeadError(.badTrailer)
        }
        lines = try Self.judged(fields, buffer.readableBytesUInt8Span, isResponse)
        buffer.moveReaderIndex(forwardBy: parser.position)
        return true
    }

    private static func judged(
        _ fields: borrowing FieldLines, _ bytes: Span<UInt8>, _ isResponse: Bool
    ) throws(HeadError) -> FieldBlock? {
        guard !fields.slots.isEmpty else { return nil }
        var block = FieldBlock()
        for slot in fields.slots {
            let name = bytes.extracting(slot.nameRange)
            if isResponse, isLeftOut(slot, bytes) { continue }
            try judge(slot, bytes, FieldNameIndex.shared)
            block.appendParsed(name, bytes.extracting(slot.valueRange))
        }
        return block.isEmpty ? nil : block
    }

    /// Nothing of a backend leaks by what it sends late.
    private static func isLeftOut(_ slot: FieldLines.Slot, _ bytes: Span<UInt8>) -> Bool {
        switch slot.name {
        case .server, .via, .xPoweredBy, .altSvc, .xRequestID: true
        case .other: NameFamily.of(bytes, slot.nameRange) == .proxyControl
        default: false
        }
    }

    /// RFC 9110 §6.5.1: what frames, routes, authenticates, or decides how content is read must not come late.
    private static func judge(
        _ slot: FieldLines.Slot, _ bytes: Span<UInt8>, _ index: FieldNameIndex
    ) throws(HeadError) {
        switch slot.name {
        case .etag, .lastModified:
            return
        case .xAuthSubject, .xAuthIssuer, .xAuthScopes, .xAuthIdentity:
            throw .init(.identitySpoof)
        case .other:
            guard !slot.marks.contains(.odd) || !GuardedName.isSpoof(bytes, slot.nameRange, index) else {
                throw .init(.identitySpoof)
            }
            guard NameFamily.of(bytes, slot.nameRange) == .none else { throw .init(.badTrailer) }
        default:
            // Every other name that the gateway knows means something before the content, not after it.
            throw .init(.badTrailer)
        }
    }
}
