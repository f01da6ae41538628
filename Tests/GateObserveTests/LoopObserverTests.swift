import GatePrimitives
import NIOCore
import Testing

@testable import GateObserve

@Suite struct LoopObserverTests {
    @Test func anOutcomeReachesLogMetricAndDecision() throws {
        let file = Scratch()
        let registry = MetricsRegistry()
        let sink = try LogSink(.file(file.path))
        let observer = LoopObserver(loop: 7, registry: registry, accessLog: sink, events: nil)
        let id = observer.nextID()
        #expect(id.loop == 7)
        observer.begin()
        observer.finish(Fixture.record(id: id))
        observer.flush()
        #expect(sink.close(within: 5000))
        #expect(file.text() == Fixture.line(Fixture.record(id: id)))
        let decision = try JSON.object(#require(observer.decision(id)))
        #expect((decision["outcome"] as? [String: Any])?["id"] as? String == id.description)
        let page = String(
            decoding: registry.render([observer.metrics.snapshot()], gauges: ScrapedGauges(), format: .prometheus),
            as: UTF8.self)
        #expect(page.contains("portcullis_requests_in_flight 0\n"))
    }

    @Test func withoutALogDecisionsAreKeptAllTheSame() {
        let observer = LoopObserver(loop: 0, registry: MetricsRegistry(), accessLog: nil, events: nil)
        let ids = (0..<3).map { _ in observer.nextID() }
        for id in ids { observer.finish(Fixture.record(id: id)) }
        #expect(ids.allSatisfy { observer.decision($0) != nil })
        #expect(observer.decision(Fixture.id) == nil)
    }

    @Test func connectionNumbersAreUniqueAcrossLoopsAndExactInJSON() {
        let numbers = [0, 1, 1023].flatMap { loop in
            let observer = LoopObserver(
                loop: loop, registry: MetricsRegistry(), accessLog: nil, events: nil, decisions: 1)
            return (0..<100).map { _ in observer.nextConnectionNumber() }
        }
        #expect(Set(numbers).count == 300)
        #expect(numbers.allSatisfy { $0 < 1 << 53 })
    }

    @Test func fullBatchesAreHandedOverWithoutTheTimer() throws {
        let file = Scratch()
        let sink = try LogSink(.file(file.path))
        let observer = LoopObserver(loop: 0, registry: MetricsRegistry(), accessLog: sink, events: nil, decisions: 1)
        let length = Fixture.line(Fixture.record()).utf8.count
        for _ in 0...(RecentExchanges.batchSize / length) { observer.finish(Fixture.record()) }
        #expect(sink.close(within: 5000))
        #expect(file.bytes().count == (RecentExchanges.batchSize / length + 1) * length)
    }

    @Test func attacks75LostLinesAreAnEventOnceASecond() throws {
        let file = Scratch()
        let eventSink = try LogSink(.file(file.path))
        // A full disk.
        let accessSink = try LogSink(.file("/dev/full"))
        let events = EventLog(sink: eventSink)
        let observers = (0..<2).map {
            LoopObserver(loop: $0, registry: MetricsRegistry(), accessLog: accessSink, events: events, decisions: 1)
        }
        for observer in observers {
            for _ in 0..<3 { observer.finish(Fixture.record()) }
            observer.flush()
        }
        #expect(accessSink.close(within: 5000))
        for _ in 0..<50 { for observer in observers { observer.flush() } }
        #expect(eventSink.close(within: 5000))
        let lines = file.text().split(separator: "\n")
        #expect(lines.count == 1)
        let event = try JSON.object(lines.first ?? "")
        #expect(event["event"] as? String == "log lines dropped")
        #expect(event["lines"] as? Int == 6)
    }
}
