import GateExchange
import GateIdentity
import GateObserve
import GatePlan
import GatePrimitives
import GateWire
import NIOCore

/// Keeps the plan's key sets fresh for all loops: the state machines of `GateIdentity`, with fetches as errands.
///
/// Lives on the first loop. Every question has one flight, whichever loops ask it; what comes is published to all.
final class KeySetKeeper {
    private struct Entry {
        let plan: KeySetPlan
        var machine: KeySetStateMachine
        var keys: KeySet?
        var fetcher: KeySetFetcher?
    }

    private var plan: Plan
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
            let keeper = KeySetKeeper(loops: loops, plan: plan, events: events, resolver: resolver)
            let bound = NIOLoopBound(keeper, eventLoop: home.eventLoop)
            for loop in loops {
                loop.eventLoop.execute {
                    let index = loop.value.exchange.wire.index
                    loop.value.exchange.requestKeySet = { set, plan in
                        home.eventLoop.execute { bound.value.needed(set, plan, loop: index) }
                    }
                }
            }
            keeper.begin()
            home.eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(500), delay: .milliseconds(500)) { _ in
                bound.value.tick()
            }
            return bound
        }.wait()
    }

    private init(
        loops: [NIOLoopBound<LoopServer>], plan: Plan, events: EventLog, resolver: EndpointResolver
    ) {
        self.loops = loops
        self.plan = plan
        self.events = events
        self.resolver = resolver
    }

    private func begin() {
        entries = plan.keySets.map {
            Entry(plan: $0, machine: KeySetStateMachine(source: $0.source, policy: $0.policy))
        }
        tick()
    }

    /// Takes a new plan; key sets whose place and policy stay keep their keys. Returns them in the new plan's order.
    func adopt(_ new: Plan) -> [KeySet?] {
        let old = entries
        for entry in old { entry.fetcher?.cancel() }
        plan = new
        entries = new.keySets.map { wanted in
            let same = old.first { $0.plan.source == wanted.source && $0.plan.policy == wanted.policy }
            guard let same, same.fetcher == nil else {
                var fresh = Entry(
                    plan: wanted, machine: KeySetStateMachine(source: wanted.source, policy: wanted.policy))
                fresh.keys = same?.keys
                return fresh
            }
            return Entry(plan: wanted, machine: same.machine, keys: same.keys)
        }
        tick()
        return entries.map(\.keys)
    }

    /// Which key sets are at hand, for metrics.
    var states: [(name: String, isUp: Bool)] { entries.map { ($0.plan.name, $0.machine.isUp ?? ($0.keys != nil)) } }

    // MARK: Events

    private func needed(_ index: Int, _ asked: Plan, loop: Int) {
        guard asked === plan, entries.indices.contains(index) else {
            return answer(index, asked, refusal: .jwksUnavailable, onlyLoop: loop)
        }
        switch entries[index].machine.needed(.now()) {
        case .refuse(let reason): answer(index, asked, refusal: reason, onlyLoop: loop)
        case .wait(let fetch): if let fetch { start(fetch, index) }
        }
    }

    private func tick() {
        let now = MonotonicInstant.now()
        for index in entries.indices { perform(entries[index].machine.tick(now), index) }
    }

    private func perform(_ action: KeySetStateMachine.Action, _ index: Int) {
        switch action.publication {
        case .nothing: break
        case .keys(let keys, _):
            let isNew = entries[index].keys?.fingerprint != keys.fingerprint
            entries[index].keys = keys
            if isNew {
                events.emit(
                    .keySetFetched,
                    [EventField("identity", entries[index].plan.name), EventField("digest", keys.fingerprint.hex)])
            }
            publish(keys, index)
            answer(index, plan, refusal: nil)
        case .failed(let failure):
            events.emit(
                .keySetFetchFailed,
                [EventField("identity", entries[index].plan.name), EventField("reason", failure.word)])
            answer(index, plan, refusal: .jwksUnavailable)
        case .withdrawn:
            entries[index].keys = nil
            events.emit(.keySetUnavailable, [EventField("identity", entries[index].plan.name)])
            publish(nil, index)
        }
        if let fetch = action.fetch { start(fetch, index) }
    }

    private func start(_ fetch: KeySetStateMachine.Fetch, _ index: Int) {
        switch fetch.target {
        case .file(let path):
            do {
                let bytes = try KeySetFile.read(path, limit: fetch.maxBytes)
                received(bytes, fetch.number, index, plan)
            } catch {
                failed(.unreadable, fetch.number, index, plan)
            }
        case .url(let url):
            let plan = plan
            let fetcher = KeySetFetcher(
                fetch, url: url, name: entries[index].plan.name, roots: entries[index].plan.roots,
                wire: loops[0].value.exchange.wire, resolver: resolver
            ) { [unowned self] result in
                guard plan === self.plan, entries.indices.contains(index) else { return }
                entries[index].fetcher = nil
                switch result {
                case .success(let bytes): received(bytes, fetch.number, index, plan)
                case .failure(let failure): failed(failure, fetch.number, index, plan)
                }
            }
            entries[index].fetcher = fetcher
            fetcher.start()
        }
    }

    private func received(_ bytes: [UInt8], _ number: UInt64, _ index: Int, _ asked: Plan) {
        guard asked === plan, entries.indices.contains(index) else { return }
        perform(entries[index].machine.received(bytes.span, fetch: number, now: .now()), index)
    }

    private func failed(_ failure: KeySetFailure, _ number: UInt64, _ index: Int, _ asked: Plan) {
        guard asked === plan, entries.indices.contains(index) else { return }
        perform(entries[index].machine.failed(failure, fetch: number, now: .now()), index)
    }

    // MARK: To the loops

    private func publish(_ keys: KeySet?, _ index: Int) {
        let plan = plan
        for loop in loops { loop.eventLoop.execute { loop.value.exchange.publish(keys, at: index, of: plan) } }
    }

    private func answer(_ index: Int, _ asked: Plan, refusal: Reason?, onlyLoop: Int? = nil) {
        for (number, loop) in loops.enumerated() where onlyLoop == nil || onlyLoop == number {
            loop.eventLoop.execute { loop.value.exchange.keySetAnswered(at: index, of: asked, refusal: refusal) }
        }
    }
}
