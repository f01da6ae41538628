import GatePrimitives
import NIOCore
import Testing

@testable import GateObserve

@Suite struct DecisionRingTests {
    private func note(_ record: ExchangeRecord, in ring: inout DecisionRing) {
        var line = AccessLogLine()
        var output = TextBuffer()
        line.appendObject(record, to: &output)
        ring.note(record, line: output)
    }

    private func id(_ number: Int) -> DecisionID { DecisionID(high: 1, low: UInt64(number)) }

    @Test func aDecisionTellsOutcomeStepsAndWhatItDependedOn() throws {
        var ring = DecisionRing(capacity: 4)
        var record = Fixture.record()
        record.note(Fault(.admit, .rateLimited))
        record.limit = 0
        record.limitExcess = 5020
        record.limitDelay = .milliseconds(100)
        record.identity = 0
        record.keySet = "abc"
        note(record, in: &ring)
        let found = ring.json(Fixture.id)
        let buffer = try #require(found)
        let tail = #"""
            ,"steps":[{"step":"accept","verdict":"passed"},{"step":"read","verdict":"passed"},\#
            {"step":"vet","verdict":"passed"},{"step":"route","verdict":"passed"},\#
            {"step":"admit","verdict":"refused","reason":"rate_limited"}],\#
            "depends":{"tries":1,"limit":{"name":"perClient","excess":5020,"delay_ms":100.000},\#
            "identity":{"name":"staff","key_set":"abc"}}}

            """#
        #expect(String(buffer: buffer).hasSuffix(tail))
        let decision = try JSON.object(buffer)
        #expect(decision["decision"] as? String == Fixture.id.description)
        #expect((decision["outcome"] as? [String: Any])?["path"] as? String == "/orders/7")
    }

    @Test func aServedRequestPassedEveryStep() throws {
        var ring = DecisionRing(capacity: 4)
        note(Fixture.record(), in: &ring)
        let steps = try JSON.object(ring.json(Fixture.id) ?? ByteBuffer())["steps"] as? [[String: String]]
        #expect(steps?.map { $0["step"] ?? "" } == Step.allCases.map(\.word))
        #expect(steps?.allSatisfy { $0["verdict"] == "passed" } == true)
    }

    @Test func theRingKeepsTheLastOnes() {
        var ring = DecisionRing(capacity: 3)
        for number in 0..<10 { note(Fixture.record(id: id(number)), in: &ring) }
        let kept = [0, 6, 7, 9, 99].map { ring.json(id($0)) != nil }
        #expect(kept == [false, false, true, true, false])
        let count = ring.count
        #expect(count == 3)
    }

    @Test func longLinesPushOlderOnesOutAndNeverMixThemUp() throws {
        var ring = DecisionRing(capacity: 16)
        var random = SystemRandomNumberGenerator()
        for number in 0..<2000 {
            var record = Fixture.record(id: id(number))
            record.path = ByteBuffer(
                string: "/\(number)-" + String(repeating: "p", count: Int.random(in: 0...3000, using: &random)))
            note(record, in: &ring)
            // The newest is there, and whatever is there is its own.
            let isKept = ring.json(id(number)) != nil
            #expect(isKept)
            for kept in max(0, number - 16)...number {
                guard let buffer = ring.json(id(kept)) else { continue }
                let outcome = try JSON.object(buffer)["outcome"] as? [String: Any]
                #expect((outcome?["path"] as? String)?.hasPrefix("/\(kept)-") == true)
            }
        }
    }

    @Test func aLineLargerThanTheRingIsNotKept() {
        var ring = DecisionRing(capacity: 1)
        var record = Fixture.record()
        record.path = ByteBuffer(string: "/" + String(repeating: "p", count: 900))
        note(record, in: &ring)
        let isKept = ring.json(Fixture.id) != nil
        #expect(!isKept)
    }
}
