import GateExchange
import GateIdentity
import GateObserve
import GatePattern
import GatePlan
import GatePrimitives
import GateWire
import NIOCore

/// One event loop of the worker with what runs on it; touched on its thread alone.
final class LoopServer {
    let exchange: ExchangeLoop
    private(set) var listeners: [(name: String, listener: Listener)] = []

    init(
        index: Int, eventLoop: any EventLoop, plan: Plan, registry: MetricsRegistry, accessLog: LogSink?,
        events: EventLog, resolver: EndpointResolver, inspectors: InspectionThreads
    ) {
        let wire = WireLoop(eventLoop: eventLoop, index: index)
        let observer = LoopObserver(loop: index, registry: registry, accessLog: accessLog, events: events)
        exchange = ExchangeLoop(
            wire: wire, plan: plan, observer: observer, events: events, resolver: resolver, scratch: MatchScratch())
        exchange.inspect = { job, completion in inspectors.run(job, completion: completion) }
        exchange.start()
    }

    /// Begins to accept on a socket of a listener of the plan.
    func listen(_ settings: ListenerSettings, name: String, descriptor: CInt) -> EventLoopFuture<Void> {
        let listener = Listener(settings: settings, loop: exchange.wire) { [unowned self] stream in
            exchange.makeDelegate(for: stream)
        }
        listeners.append((name, listener))
        return listener.start(descriptor: descriptor)
    }

    /// Begins to accept on a socket of the gateway's own interface.
    func serve(
        _ interface: AdminInterface, settings: ListenerSettings, descriptor: CInt
    ) -> EventLoopFuture<Void> {
        let listener = Listener(settings: settings, loop: exchange.wire, isObserved: false) { stream in
            AdminExchange(interface: interface, stream: stream)
        }
        own.append(listener)
        return listener.start(descriptor: descriptor)
    }

    private var own: [Listener] = []

    /// Takes a new plan: new connections by the new settings, new requests by the new routes.
    func adopt(_ plan: Plan, keySets: [KeySet?]) {
        exchange.adopt(plan, keySets: keySets)
        for (name, listener) in listeners {
            if let found = plan.listeners.first(where: { $0.name == name }) { listener.settings = found.settings }
        }
    }

    /// Connections that are still open.
    var openConnections: Int { listeners.reduce(0) { $0 + $1.listener.openConnections } }

    func stopAccepting() { for (_, listener) in listeners { listener.stop() } }

    func drain() {
        for (_, listener) in listeners { listener.drain() }
        exchange.drainStreams()
    }

    func abandon() { for (_, listener) in listeners { listener.abandon() } }
}
