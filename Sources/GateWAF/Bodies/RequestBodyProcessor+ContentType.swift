extension RequestBodyProcessor {
    /// The processor that a content type itself calls for: one of the two forms, otherwise none.
    ///
    /// ModSecurity 3 looks at the beginning alone, without regard to case. JSON and XML are chosen by rules.
    init?(formContentType value: Span<UInt8>) {
        let whole = 0..<value.count
        if value.hasPrefixLowercased("multipart/form-data", in: whole) {
            self = .multipart
        } else if value.hasPrefixLowercased("application/x-www-form-urlencoded", in: whole) {
            self = .urlencoded
        } else {
            return nil
        }
    }
}
