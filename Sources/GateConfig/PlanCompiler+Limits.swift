import GateAdmission
import GateLimits
import GatePlan
import GateSettings

extension PlanCompiler {
    /// The zones in the order of the limits; one whose name and parameters hold is the previous plan's, so that a reload
    /// forgives nobody.
    mutating func compileZones() -> [LimitZone] {
        settings.limits.compactMap { compile($0) }
    }

    private mutating func compile(_ limit: LimitSettings) -> LimitZone? {
        let rate = limit.rate.value
        let (thousandths, overflow) = rate.count.multipliedReportingOverflow(by: 1000)
        do throws(LimitParameters.RangeError) {
            let parameters = try LimitParameters(
                rate: overflow ? .max : Int64(thousandths / rate.period.seconds), burst: Int64(limit.burst.value),
                delayAfter: limit.delayAfter.map { Int64($0.value) })
            let ceiling = limit.zone.value.bytes
            let kept = previous?.limits.zones.first {
                $0.name == limit.name && $0.parameters == parameters && $0.ceiling == ceiling
            }
            return kept ?? LimitZone(name: limit.name, parameters: parameters, ceiling: ceiling)
        } catch {
            let owner = "limit '\(limit.name)'"
            switch error {
            case .rate:
                self.error(
                    at: limit.rate.position, "\(owner): a rate of \(rate) cannot be counted",
                    instead:
                        "write between \(LimitParameters.rates.lowerBound) request in 1000 seconds (4/h) and 1000000/s")
            case .burst:
                self.error(
                    at: limit.burst.position, "\(owner): the burst is out of range",
                    instead: "write \(LimitParameters.bursts.lowerBound) to \(LimitParameters.bursts.upperBound)")
            case .delayAfter:
                self.error(
                    at: limit.delayAfter?.position ?? limit.position, "\(owner): delayAfter is beyond the burst",
                    instead: "write at most \(limit.burst.value)")
            }
            return nil
        }
    }

    /// The limits of a route, those that need no principal apart.
    func references(
        for route: RouteSettings, _ parts: CompiledParts
    ) -> (address: [LimitReference], principal: [LimitReference]) {
        var address: [LimitReference] = []
        var principal: [LimitReference] = []
        for name in route.limits ?? settings.defaults.limits {
            guard let zone = parts.zone(name.value),
                let limit = settings.limits.first(where: { $0.name == name.value })
            else { continue }
            let reference = LimitReference(zone: zone, key: limit.key.map { Self.part($0.value) })
            if reference.key.contains(where: \.needsPrincipal) {
                principal.append(reference)
            } else {
                address.append(reference)
            }
        }
        return (address, principal)
    }

    private static func part(_ key: GateSettings.LimitKey) -> LimitReference.KeyPart {
        switch key {
        case .clientAddress: .clientAddress
        case .principalSubject: .principal
        case .principalClaim(let name): .claim(name)
        case .header(let name): .header(Array(name.utf8))
        case .route: .route
        }
    }
}
