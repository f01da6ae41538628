import GateIdentity
import GatePrimitives
import GateSettings
import GateWire

extension PlanCompiler {
    /// A listener's rules for client certificates, with authorities and lists read; nil after an error was recorded.
    mutating func compileClientRules(_ tls: TLSSettings, _ certificates: [ServerCertificate]) -> ClientRules? {
        let errors = diagnostics.errorCount
        var made: [Written: ClientVerification] = [:]
        let standard = compile(tls.clientCertificates, &made)
        var named: [ClientRules.Named] = []
        for entry in tls.names {
            let isCovered = certificates.contains { certificate in
                certificate.names.contains(entry.name) || certificate.covers(entry.name)
            }
            if !isCovered, certificates.count == tls.certificates.count {
                error(
                    at: entry.position, "no certificate of this listener is for '\(entry.name)'",
                    instead: "add one, or correct the name")
            }
            if let rule = compile(entry.value.clientCertificates, &made) {
                named.append(.init(name: entry.name, rule: rule))
            }
        }
        guard diagnostics.errorCount == errors, let standard else { return nil }
        return ClientRules(standard: standard, named: named)
    }

    /// What makes two rules the same one.
    private struct Written: Hashable {
        let authorities: String
        let lists: String?
        let isRequired: Bool
    }

    /// The rule, made once for each way to write it: names with the same rule may share connections.
    private mutating func compile(
        _ settings: ClientVerificationSettings?, _ made: inout [Written: ClientVerification]
    ) -> ClientVerification? {
        guard let settings else { return .off }
        let written = Written(
            authorities: settings.ca.value.path, lists: settings.crl?.value.path,
            isRequired: settings.mode == .require)
        if let known = made[written] { return known }
        guard !written.authorities.isEmpty, !diagnostics.hasError(at: settings.ca.position) else { return nil }
        if let crl = settings.crl, diagnostics.hasError(at: crl.position) { return nil }
        watch(written.authorities)
        guard let bundle = try? files.contents(of: written.authorities, limit: 1 << 20) else { return nil }
        var lists: [UInt8]?
        if let path = written.lists {
            watch(path)
            lists = try? files.contents(of: path, limit: ClientVerificationSettings.largestRevocationFile)
            if lists == nil { return nil }
        }
        do throws(ClientAuthorities.Problem) {
            let authorities = try ClientAuthorities(
                path: written.authorities, bundle: bundle, lists: lists)
            let rule = try ClientVerification(
                isRequired: written.isRequired, authorities: authorities, bundle: bundle)
            made[written] = rule
            // No error: what is stale refuses its own clients, and must not keep the rest from starting or changing.
            if let crl = settings.crl, let end = authorities.listsEnd, end <= machine.now {
                diagnostics.warning(
                    at: crl.position, "a list in \(crl.value) is stale: clients of its authority are refused",
                    instead: "fetch the current one")
            }
            return rule
        } catch {
            report(error, settings)
            return nil
        }
    }

    private mutating func report(_ problem: ClientAuthorities.Problem, _ settings: ClientVerificationSettings) {
        let ca = settings.ca
        let list = settings.crl ?? ca
        switch problem {
        case .noAuthority: error(at: ca.position, "\(ca.value) holds no certificate in PEM, or one that cannot be read")
        case .notAnAuthority(let subject):
            error(at: ca.position, "\(ca.value): \(subject) may not issue certificates", instead: "name the authority")
        case .noList: error(at: list.position, "\(list.value) holds no revocation list")
        case .badList(let words): error(at: list.position, "\(list.value) \(words)")
        case .unknownIssuer(let name):
            error(
                at: list.position, "\(list.value): no authority in \(ca.value) has signed the list of \(name)",
                instead: "add the authority to the file of ca, or remove the list")
        }
    }
}
