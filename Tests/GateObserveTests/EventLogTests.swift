import GatePrimitives
import NIOCore
import Testing

@testable import GateObserve

@Suite struct EventLogTests {
    private static let wall = WallInstant(milliseconds: 1_767_323_045_678)

    /// What `body` logs, line by line.
    private func lines(
        format: EventLog.Format = .json, minimum: EventLevel = .info, perSecond: Int = 10, _ body: (EventLog) -> Void
    ) throws -> [String] {
        let file = Scratch()
        let sink = try LogSink(.file(file.path))
        body(EventLog(sink: sink, format: format, minimum: minimum, perSecond: perSecond))
        #expect(sink.close(within: 5000))
        return file.text().split(separator: "\n").map(String.init)
    }

    private func at(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64(seconds * 1e9))
    }

    @Test func anEventIsOneJSONObject() throws {
        let lines = try lines {
            $0.emit(
                .limitingRequests, [EventField("limit", "perClient"), EventField("excess", 5020)], now: at(1),
                wall: Self.wall)
        }
        #expect(
            lines == [
                #"{"time":"2026-01-02T03:04:05.678Z","level":"warn","event":"limiting requests","limit":"perClient","excess":5020}"#
            ])
    }

    @Test func textIsForPeople() throws {
        let lines = try lines(format: .text) {
            $0.emit(
                .listening, [EventField("address", "0.0.0.0:443"), EventField("note", "a b\n")], now: at(1),
                wall: Self.wall)
            $0.emit(.limitingRequests, [EventField("empty", "")], now: at(1), wall: Self.wall)
        }
        #expect(
            lines == [
                #"2026-01-02T03:04:05.678Z info  listening address=0.0.0.0:443 note="a b\u000a""#,
                #"2026-01-02T03:04:05.678Z warn  limiting requests empty="""#,
            ])
    }

    @Test func theWordsThatOperatorsGrepForAreNginxs() {
        let phrases = Set(EventKind.allCases.map(\.message))
        #expect(phrases.count == EventKind.allCases.count)
        for phrase in [
            "upstream timed out while connecting to upstream",
            "upstream timed out while reading response header from upstream",
            "client intended to send too large body", "limiting requests", "no live upstreams",
        ] { #expect(phrases.contains(phrase)) }
    }

    @Test(arguments: [EventLog.Format.json, .text])
    func attacks76TextsOfStrangersAreEscapedAndCut(format: EventLog.Format) throws {
        let lines = try lines(format: format) {
            $0.emit(
                .connectionRefused,
                [
                    EventField("sni", "a\r\n\u{1b}[2J\u{2028}\""),
                    EventField("long", String(repeating: "x", count: 2000)),
                ],
                now: at(1), wall: Self.wall)
        }
        #expect(lines.count == 1)
        #expect(lines[0].utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f })
        #expect(lines[0].contains("x...(+976 bytes)"))
    }

    @Test func aFloodOfOneKindIsCountedInsteadOfWritten() throws {
        var evaluated = 0
        let lines = try lines(perSecond: 3) { log in
            func fields() -> [EventField] {
                evaluated += 1
                return []
            }
            for _ in 0..<100 { log.emit(.limitingRequests, fields(), now: at(1.5), wall: Self.wall) }
            log.emit(.noLiveUpstreams, [], now: at(1.6), wall: Self.wall)
            log.emit(.limitingRequests, [], now: at(2), wall: Self.wall)
        }
        #expect(evaluated == 3)
        #expect(lines.count == 5)
        #expect(lines.count { $0.contains("limiting requests") } == 4)
        #expect(lines[4].hasSuffix(#","suppressed":97}"#))
    }

    @Test func whatWasSuppressedIsReportedOnceItsSecondIsOver() throws {
        let lines = try lines(perSecond: 1) { log in
            for _ in 0..<5 { log.emit(.upstreamClosed, [], now: at(1.2), wall: Self.wall) }
            log.tick(now: at(1.9), wall: Self.wall)
            log.tick(now: at(2.1), wall: Self.wall)
            log.tick(now: at(3.1), wall: Self.wall)
        }
        #expect(lines.count == 2)
        #expect(lines[1].contains(#""suppressed":4"#))
    }

    @Test func eventsThatNoStrangerCanCauseAreNeverSuppressed() throws {
        let lines = try lines(perSecond: 1) { log in
            for _ in 0..<20 { log.emit(.listening, [], now: at(1), wall: Self.wall) }
        }
        #expect(lines.count == 20)
    }

    @Test func eventsBelowTheLevelAreNotWritten() throws {
        let lines = try lines(minimum: .error) { log in
            log.emit(.listening)
            log.emit(.limitingRequests)
            log.emit(.noLiveUpstreams)
        }
        #expect(lines.count == 1)
    }

    @Test(
        arguments: [
            (.bodyTooLarge, 413, .clientBodyTooLarge), (.rateLimited, 429, .limitingRequests),
            (.noLiveUpstream, 503, .noLiveUpstreams), (.upstreamConnectTimeout, 504, .upstreamConnectTimedOut),
            (.upstreamTimeout, 504, .upstreamHeaderTimedOut), (.upstreamTimeout, 200, .upstreamBodyTimedOut),
            (.ok, 200, nil), (.credentialsMissing, 401, nil), (.clAndTe, 400, nil),
        ] as [(Reason, Int, EventKind?)])
    func anOutcomeIsTheEventThatNginxWouldLog(reason: Reason, status: Int, kind: EventKind?) {
        var record = Fixture.record()
        record.reason = reason
        record.status = status
        #expect(EventKind(outcome: record) == kind)
    }

    @Test func aDelayedRequestIsAnEvent() {
        var record = Fixture.record()
        record.limitDelay = .milliseconds(100)
        #expect(EventKind(outcome: record) == .delayingRequest)
    }
}
