import GatePrimitives

/// `exp`, `nbf` and `iat` (RFC 7519 §4.1.4 to §4.1.6) with the clock skew applied.
struct TokenTimes {
    /// LIMIT: the last second of the year 9999. A later instant is a unit mistaken (milliseconds), not a lifetime.
    static let latestInstant: Int64 = 253_402_300_799

    /// `nbf`, or `iat` where it is later, less the skew; the beginning of time where neither is given.
    let validFrom: WallInstant
    /// `exp` and the skew.
    let validUntil: WallInstant

    /// Reads the three; `exp` has to be there. All are whole seconds: the standard permits fractions, but no issuer
    /// needs them and readers differ (`1e400`), so they are refused (attacks 49).
    init(_ document: JSONNode, skew: TimeSpan) throws(Fault) {
        func instant(_ name: String) throws(Fault) -> WallInstant? {
            guard let value = document[name] else { return nil }
            guard let seconds = value.wholeNumber(upTo: TokenTimes.latestInstant) else {
                throw Fault(.admit, .jwtClaim)
            }
            return WallInstant(milliseconds: seconds &* 1000)
        }
        guard let expiry = try instant("exp") else { throw Fault(.admit, .jwtClaim) }
        let beginning = WallInstant(milliseconds: .min)
        let notBefore = max(try instant("nbf") ?? beginning, try instant("iat") ?? beginning)
        let (earliest, underflow) = notBefore.milliseconds.subtractingReportingOverflow(skew.milliseconds)
        validFrom = underflow ? beginning : WallInstant(milliseconds: earliest)
        let (latest, overflow) = expiry.milliseconds.addingReportingOverflow(skew.milliseconds)
        validUntil = WallInstant(milliseconds: overflow ? .max : latest)
    }

    /// Refuses at `now` what has expired or has not begun.
    func check(_ now: WallInstant) throws(Fault) {
        guard now < validUntil else { throw Fault(.admit, .jwtExpired) }
        guard validFrom <= now else { throw Fault(.admit, .jwtNotYetValid) }
    }
}
