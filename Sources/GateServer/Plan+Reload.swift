import GateIdentity
import GatePlan
import GatePrimitives
import GateWire

extension Plan {
    /// The host names among the endpoints and the key sets' providers, to be resolved.
    var endpointNames: Set<String> {
        var names: Set<String> = []
        for upstream in upstreams {
            for endpoint in upstream.endpoints {
                if case .name(let name, _) = endpoint.address { names.insert(name) }
            }
        }
        for keySet in keySets { names.formUnion(keySet.hostNames) }
        return names
    }

    /// Why the new plan cannot replace this one in a running process; nil where it can.
    ///
    /// Sockets belong to the supervisor, which opens them once, and loops to the process.
    func whatNeedsRestart(for new: Plan) -> String? {
        let old = Dictionary(uniqueKeysWithValues: listeners.map { ($0.name, $0.address) })
        let next = Dictionary(uniqueKeysWithValues: new.listeners.map { ($0.name, $0.address) })
        if old != next { return "listeners or their addresses changed: restart to apply" }
        if admin.admin != new.admin.admin || admin.telemetry != new.admin.telemetry {
            return "the admin or telemetry address changed: restart to apply"
        }
        if process.loops != new.process.loops { return "process.loops changed: restart to apply" }
        if logs != new.logs { return "logs changed: restart to apply" }
        return nil
    }
}

extension KeySetPlan {
    /// The host names of its provider.
    var hostNames: Set<String> {
        var hosts: [String] = []
        switch source {
        case .file: break
        case .url(let url): hosts = [url.host]
        case .discovery(let discovery): hosts = [discovery.document.host] + discovery.allowedHosts
        }
        return Set(hosts.filter { IPAddress($0) == nil })
    }
}
