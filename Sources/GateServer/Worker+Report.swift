import GateExchange
import GateLimits
import GateObserve
import GatePlan
import GatePrimitives
import GateUpstreams
import GateWire
import NIOCore
import NIOPosix

/// What the gateway's own interfaces ask the worker.
extension Worker {
    /// The loop on which key sets and interfaces live.
    var home: any EventLoop { loops[0].eventLoop }

    /// The decision with an id, from the loop that made it.
    func decision(_ id: DecisionID) -> EventLoopFuture<ByteBuffer?> {
        guard id.loop < loops.count else { return home.makeSucceededFuture(nil) }
        let loop = loops[id.loop]
        return loop.eventLoop.submit { loop.value.exchange.observer.decision(id) }.hop(to: home)
    }

    /// All metrics as text: a snapshot of each loop, merged off the loops.
    func scrape(_ format: MetricsFormat) -> EventLoopFuture<[UInt8]> {
        let snapshots = loops.map { loop in
            loop.eventLoop.submit { loop.value.exchange.observer.metrics.snapshot() }
        }
        let keeper = keeper
        let states = keeper.eventLoop.submit { keeper.value.states }
        return EventLoopFuture.whenAllSucceed(snapshots, on: home).and(states).flatMap { snapshots, states in
            self.background.runIfActive(eventLoop: self.home) {
                self.registry.render(snapshots, gauges: self.gauges(states), format: format)
            }
        }
    }

    private func gauges(_ states: [(name: String, isUp: Bool)]) -> ScrapedGauges {
        let plan = plan
        var gauges = ScrapedGauges()
        gauges.limitKeys = plan.limits.zones.map { ($0.name, $0.report().keys) }
        gauges.dependencies = states.map { ("keys:" + $0.name, $0.isUp) }
        gauges.certificates = plan.listeners.flatMap { listener in
            (listener.settings.tls?.certificates ?? []).map {
                .init(listener: listener.name, name: $0.names.first ?? "", notAfter: $0.notAfter)
            }
        }
        gauges.revision = plan.revision
        gauges.droppedLogLines = droppedLogLines
        gauges.build = [
            ("version", BuildFacts.version), ("revision", BuildFacts.revision), ("swift", BuildFacts.swift),
        ]
        gauges.host = HostFacts.read()
        return gauges
    }
}

extension Plan {
    /// The upstreams and what is known of their endpoints.
    var upstreamReport: JSONOutput {
        .object(
            upstreams.map { upstream in
                .init(
                    upstream.name,
                    .array(
                        zip(upstream.endpoints, upstream.states).map { endpoint, state in
                            .object([
                                .init("endpoint", .text(endpoint.address.description)),
                                .init("weight", .number(endpoint.weight)),
                                .init("in_flight", .number(state.inFlight)),
                                .init("failed", .flag(state.isFailed(at: .now(), upstream.failureRule))),
                            ])
                        }))
            })
    }
}

/// What was built.
public enum BuildFacts {
    /// The version of the product.
    public static let version = "0.1.0"
    /// The revision of the sources; the build does not know one.
    public static let revision = "unreleased"
    /// The language's version it was built with.
    public static let swift = "6.3"
}
