import GatePrimitives
import NIOCore

/// The last decisions of one loop: what each exchange's log line says, and what its verdict depended on.
///
/// Memory is bounded twice: by a number of decisions, and by 512 bytes for each on average; longer lines push older
/// ones out sooner. Texts were redacted and truncated when the line was made. Owned by its loop.
struct DecisionRing: ~Copyable {
    /// What is kept of one exchange besides its line.
    private struct Entry {
        let id: DecisionID
        /// Where its line begins, counted from the first byte ever written.
        let start: UInt64
        let count: Int
        /// Bytes of the inspection's object behind the line; 0 where nothing was inspected.
        let inspection: Int
        let names: NameTable
        let step: Step
        let reason: Reason
        let limit: Int
        let limitExcess: Int64
        let limitDelay: TimeSpan
        let identity: Int
        let keySet: String
        let tries: UInt8
    }

    /// How many bytes of lines are kept for each decision on average.
    static let bytesPerDecision = 512

    /// How many decisions are kept at most.
    let capacity: Int

    private var entries: [Entry] = []
    private var next = 0
    /// The lines: grows to `room` bytes as they come, then is written round.
    private var lines = ByteBuffer()
    private let room: Int
    private var head: UInt64 = 0
    /// What an inspection said, on its way into `lines`.
    private var details = TextBuffer()

    /// A ring of at most `capacity` decisions (1 to 2^20).
    init(capacity: Int) {
        self.capacity = min(max(capacity, 1), 1 << 20)
        room = self.capacity * Self.bytesPerDecision
    }

    /// How many decisions were noted and not yet replaced; some of the oldest may have lost their line.
    var count: Int { entries.count }

    /// Notes the exchange whose log line's object is what `text` holds from `start` on.
    mutating func note(_ record: borrowing ExchangeRecord, line text: borrowing TextBuffer, from start: Int = 0) {
        let line = text.span.extracting(droppingFirst: max(start, 0))
        details.removeAll()
        if record.inspection.ruleSet >= 0 { record.inspection.append(to: &details, record.names) }
        let count = line.count &+ details.count
        guard count <= room else { return }
        var place = Int(head % UInt64(room))
        if place &+ count > room {
            // A line never wraps: what is left of the round stays unused.
            head &+= UInt64(room &- place)
            place = 0
        }
        Self.write(text, from: start, to: &lines, at: place)
        Self.write(details, to: &lines, at: place &+ line.count)
        // Only what lies before the writer index can be read back; the calls above made room as far as this.
        let end = max(lines.writerIndex, place &+ count)
        lines.moveWriterIndex(to: end)
        let entry = Entry(
            id: record.id, start: head, count: line.count, inspection: details.count, names: record.names,
            step: record.step, reason: record.reason, limit: record.limit, limitExcess: record.limitExcess,
            limitDelay: record.limitDelay, identity: record.identity, keySet: record.keySet, tries: record.tries)
        head &+= UInt64(count)
        if entries.count < capacity {
            entries.append(entry)
        } else {
            entries[next] = entry
            next = next &+ 1 == capacity ? 0 : next &+ 1
        }
    }

    private static func write(
        _ text: borrowing TextBuffer, from start: Int = 0, to lines: inout ByteBuffer, at place: Int
    ) {
        // SAFETY: bytes are bytes; they are copied before the call returns.
        unsafe lines.setBytes(text.span.extracting(droppingFirst: max(start, 0)).bytes, at: place)
    }

    /// The decision `id` as a JSON object: `decision`, `outcome` (the log line), `steps`, `depends`, and `waf` where a rule
    /// set inspected it; nil where it is gone.
    ///
    /// Looks through the whole ring: for operators, not for requests.
    func json(_ id: DecisionID) -> ByteBuffer? {
        guard let entry = entries.first(where: { $0.id == id }), head <= entry.start &+ UInt64(room) else { return nil }
        let place = Int(entry.start % UInt64(room))
        guard let line = lines.getBytes(at: place, length: entry.count),
            let inspection = lines.getBytes(at: place &+ entry.count, length: entry.inspection)
        else { return nil }
        var text = TextBuffer()
        text.append(literal: "{\"decision\":\"")
        text.append(id)
        text.append(literal: "\",\"outcome\":")
        text.append(line)
        text.append(literal: ",\"steps\":[")
        Self.appendSteps(entry.step, entry.reason, to: &text)
        text.append(literal: "],\"depends\":{")
        Self.appendDependencies(entry, to: &text)
        text.append(literal: "}")
        if !inspection.isEmpty {
            text.append(literal: ",\"waf\":")
            text.append(inspection)
        }
        text.append(literal: "}\n")
        return ByteBuffer(bytes: text.array)
    }

    /// Each step up to the last: the ones before passed, the last says how it ended.
    private static func appendSteps(_ last: Step, _ reason: Reason, to text: inout TextBuffer) {
        for step in Step.allCases where step.rawValue <= last.rawValue {
            if step != .accept { text.append(literal: ",") }
            text.append(literal: "{\"step\":\"")
            text.append(Words.step(step))
            text.append(literal: "\",\"verdict\":\"")
            if step != last || reason == .ok {
                text.append(literal: "passed\"}")
            } else {
                text.append(literal: reason.code == nil ? "ended" : "refused")
                text.append(literal: "\",\"reason\":\"")
                text.append(Words.reason(reason))
                text.append(literal: "\"}")
            }
        }
    }

    private static func appendDependencies(_ entry: Entry, to text: inout TextBuffer) {
        text.append(literal: "\"tries\":")
        text.append(UInt64(entry.tries))
        if let limit = entry.names.limits.at(entry.limit) {
            text.append(literal: ",\"limit\":{\"name\":")
            text.append(JSONText.quoted(limit))
            text.append(literal: ",\"excess\":")
            text.append(entry.limitExcess)
            text.append(literal: ",\"delay_ms\":")
            text.append(milliseconds: entry.limitDelay.nanoseconds)
            text.append(literal: "}")
        }
        if let identity = entry.names.identities.at(entry.identity) {
            text.append(literal: ",\"identity\":{\"name\":")
            text.append(JSONText.quoted(identity))
            if !entry.keySet.isEmpty {
                text.append(literal: ",\"key_set\":")
                text.append(JSONText.quoted(entry.keySet))
            }
            text.append(literal: "}")
        }
    }
}
