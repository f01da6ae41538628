import GateExchange
import GateIdentity
import GateObserve
import GatePlan
import GatePrimitives
import GateWire
import NIOCore

/// Keeps the plan's key sets fresh for all loops: the state machines of `GateIdentity`, with fetches as errands.
///
/// Lives on the first loop. Every question has one flight, whichever loops ask it; what comes is published to all, under
/// every plan that still runs. A key set whose source and policy stay survives a reload as it is, its flight included.
final class KeySetKeeper {
    /// One key set and the places at which plans know it.
    private final class Entry {
        struct Place {
            weak var plan: Plan?
            let index: Int
        }

        var settings: KeySetPlan
        var machine: KeySetStateMachine
        var keys: KeySet?
        var fetcher: KeySetFetcher?
        var places: [Place]

        init(_ settings: KeySetPlan, at index: Int, of plan: Plan) {
            self.settings = settings
            machine = KeySetStateMachine(source: settings.source, policy: settings.policy)
            places = [Place(plan: plan, index: index)]
        }
    }

    /// In the order of the plan in force.
    private var entries: [Entry] = []
    private let loops: [NIOLoopBound<LoopServer>]
    private let events: EventLog
    private let resolver: EndpointResolver

    /// A keeper on the first loop; files are read before it returns, so that the first request finds their keys.
    static func make(
        loops: [NIOLoopBound<LoopServer>], plan: Plan, events: EventLog, resolver: EndpointResolver
    ) throws -> NIOLoopBound<KeySetKeeper> {
        let home = loops[0]
        return try home.eventLoop.submit {
            let keeper = KeySetKeeper(loops: loops, events: events, resolver: resolver)
            let bound = NIOLoopBound(keeper, eventLoop: home.eventLoop)
            for loop in loops {
                loop.eventLoop.execute {
                    let index = loop.value.exchange.wire.index
                    loop.value.exchange.requestKeySet = { set, plan in
                        home.eventLoop.execute { bound.value.needed(set, plan, loop: index) }
                    }
                }
            }
            _ = keeper.adopt(plan)
            home.eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(500), delay: .milliseconds(500)) { _ in
                bound.value.tick()
            }
            return bound
        }.wait()
    }

    private init(loops: [NIOLoopBound<LoopServer>], events: EventLog, resolver: EndpointResolver) {
        self.loops = loops
        self.events = events
        self.resolver = resolver
    }

    /// Takes a new plan and returns its key sets, in its order. Files are read again.
    func adopt(_ new: Plan) -> [KeySet?] {
        var old = entries
        entries = new.keySets.enumerated().map { index, wanted in
            guard
                let same = old.firstIndex(where: {
                    $0.settings.source == wanted.source && $0.settings.policy == wanted.policy
                })
            else { return Entry(wanted, at: index, of: new) }
            let entry = old.remove(at: same)
            entry.settings = wanted
            entry.places.removeAll { $0.plan == nil }
            entry.places.append(Entry.Place(plan: new, index: index))
            if case .file = wanted.source { perform(entry.machine.refresh(.now()), entry) }
            return entry
        }
        for entry in old {
            entry.fetcher?.cancel()
            answer(entry, refusal: .jwksUnavailable)
        }
        tick()
        return entries.map(\.keys)
    }

    /// Publishes every key set once more: what a fetch brought while the loops were still on their way to a new plan.
    func publishAll() {
        for entry in entries { publish(entry) }
    }

    /// Which key sets are at hand, for metrics.
    var states: [(name: String, isUp: Bool)] {
        entries.map { ($0.settings.name, $0.machine.isUp ?? ($0.keys != nil)) }
    }

    // MARK: Events

    private func needed(_ index: Int, _ asked: Plan, loop: Int) {
        let found = entries.first { $0.places.contains { $0.plan === asked && $0.index == index } }
        guard loops.indices.contains(loop) else { return }
        guard let entry = found else { return answer(index, asked, refusal: .jwksUnavailable, loops[loop]) }
        switch entry.machine.needed(.now()) {
        case .refuse(let reason): answer(index, asked, refusal: reason, loops[loop])
        case .wait(let fetch): if let fetch { start(fetch, entry) }
        }
    }

    private func tick() {
        let now = MonotonicInstant.now()
        for entry in entries { perform(entry.machine.tick(now), entry) }
    }

    private func perform(_ action: KeySetStateMachine.Action, _ entry: Entry) {
        let name = EventField("identity", entry.settings.name)
        switch action.publication {
        case .nothing: break
        case .keys(let keys, _):
            let isNew = entry.keys?.fingerprint != keys.fingerprint
            entry.keys = keys
            if isNew { events.emit(.keySetFetched, [name, EventField("digest", keys.fingerprint.hex)]) }
            publish(entry)
            answer(entry, refusal: nil)
        case .failed(let failure):
            events.emit(.keySetFetchFailed, [name, EventField("reason", failure.word)])
            answer(entry, refusal: .jwksUnavailable)
        case .withdrawn:
            entry.keys = nil
            events.emit(.keySetUnavailable, [name])
            publish(entry)
        }
        if let fetch = action.fetch { start(fetch, entry) }
    }

    private func start(_ fetch: KeySetStateMachine.Fetch, _ entry: Entry) {
        switch fetch.target {
        case .file(let path):
            do {
                received(try KeySetFile.read(path, limit: fetch.maxBytes), fetch.number, entry)
            } catch {
                failed(.unreadable, fetch.number, entry)
            }
        case .url(let url):
            let fetcher = KeySetFetcher(
                fetch, url: url, name: entry.settings.name, roots: entry.settings.roots,
                wire: loops[0].value.exchange.wire, resolver: resolver
            ) { [weak self, weak entry] result in
                guard let self, let entry else { return }
                entry.fetcher = nil
                switch result {
                case .success(let bytes): received(bytes, fetch.number, entry)
                case .failure(let failure): failed(failure, fetch.number, entry)
                }
            }
            entry.fetcher = fetcher
            fetcher.start()
        }
    }

    private func received(_ bytes: [UInt8], _ number: UInt64, _ entry: Entry) {
        perform(entry.machine.received(bytes.span, fetch: number, now: .now()), entry)
    }

    private func failed(_ failure: KeySetFailure, _ number: UInt64, _ entry: Entry) {
        perform(entry.machine.failed(failure, fetch: number, now: .now()), entry)
    }

    // MARK: To the loops

    private func publish(_ entry: Entry) {
        let keys = entry.keys
        for place in entry.places {
            guard let plan = place.plan else { continue }
            for loop in loops {
                loop.eventLoop.execute { loop.value.exchange.publish(keys, at: place.index, of: plan) }
            }
        }
    }

    private func answer(_ entry: Entry, refusal: Reason?) {
        for place in entry.places {
            guard let plan = place.plan else { continue }
            for loop in loops { answer(place.index, plan, refusal: refusal, loop) }
        }
    }

    private func answer(_ index: Int, _ asked: Plan, refusal: Reason?, _ loop: NIOLoopBound<LoopServer>) {
        loop.eventLoop.execute { loop.value.exchange.keySetAnswered(at: index, of: asked, refusal: refusal) }
    }
}
