<?php

/**
 * What an apply does with webmail's own state, as the user that owns it: makes the key of sessions and the database
 * once, brings its tables up to the packages' version, writes down everybody of the description, whose identities are
 * those of the description, and deletes what is kept of those who have left it: a login that is given out again
 * inherits nothing. A live directory is not asked who has left: that it does not know somebody now is no proof.
 *
 * php apply.php   says how many identities were changed, and who was deleted; ends with 1 and a reason when it cannot
 */

define('INSTALL_PATH', '/var/lib/roundcube/');
const STATE = '/var/lib/mailwright-webmail';

umask(0077);
if (!is_file(STATE . '/key')) {
    $new = STATE . '/key.new';
    if (file_put_contents($new, substr(base64_encode(random_bytes(48)), 0, 32)) !== 32 || !rename($new, STATE . '/key')) {
        fwrite(STDERR, "the key of sessions cannot be written\n");
        exit(1);
    }
}
if (!is_dir(STATE . '/temp')) {
    mkdir(STATE . '/temp', 0700);
}

require INSTALL_PATH . 'program/include/clisetup.php';
require_once INSTALL_PATH . 'plugins/mailwright/mailwright.php';

$rcmail = rcube::get_instance();
if (!is_file(STATE . '/roundcube.db')) {
    touch(STATE . '/roundcube.db');
}
$db = $rcmail->get_dbh();
$db->db_connect('w');
if (!$db->is_connected() || $db->is_error()) {
    fwrite(STDERR, 'the database cannot be opened: ' . $db->is_error() . "\n");
    exit(1);
}
if (!rcmail_utils::db_update(INSTALL_PATH . 'SQL', 'roundcube', null, ['quiet' => true, 'errors' => true])) {
    fwrite(STDERR, "the database cannot be brought up to date\n");
    exit(1);
}

$described = null;
if (!$rcmail->config->get('mailwright_directory')) {
    $described = json_decode((string) @file_get_contents(mailwright::PEOPLE), true);
    if (!is_array($described)) {
        fwrite(STDERR, mailwright::PEOPLE . " cannot be read\n");
        exit(1);
    }
}
$users = [];
$answer = $db->query('SELECT * FROM ' . $db->table_name('users', true));
while ($answer && ($row = $db->fetch_assoc($answer))) {
    $users[] = $row;
}
$known = array_map(fn($row) => mb_strtolower($row['username']), $users);
[$host] = rcube_utils::parse_host_uri($rcmail->config->get('imap_host'), 143, 993);
$db->startTransaction();
foreach (array_diff(array_keys($described ?? []), $known) as $login) {
    // before anybody signs in: of two first sign-ins at once, Roundcube would turn one away
    $db->query(
        'INSERT INTO ' . $db->table_name('users', true) . ' (`created`, `username`, `mail_host`, `preferences`)'
        . ' VALUES (' . $db->now() . ', ?, ?, ?)',
        $login,
        rcube_utils::idn_to_ascii($host),
        serialize([])
    );
    $id = $db->insert_id('users');
    if ($db->is_error() || !$id) {
        fwrite(STDERR, "$login cannot be written down: " . $db->is_error() . "\n");
        exit(1);
    }
    $users[] = ['user_id' => $id, 'username' => $login, 'mail_host' => $host, 'language' => null, 'preferences' => ''];
}
$changed = 0;
foreach ($users as $row) {
    if ($described !== null && !isset($described[mb_strtolower($row['username'])])) {
        // address book, signatures and preferences go with it: the tables say so
        $db->query('DELETE FROM ' . $db->table_name('users', true) . ' WHERE `user_id` = ?', $row['user_id']);
        if ($db->is_error()) {
            fwrite(STDERR, $row['username'] . ' cannot be deleted: ' . $db->is_error() . "\n");
            exit(1);
        }
        echo $row['username'], " has left and is deleted\n";
        continue;
    }
    $changed += mailwright::synchronise(new rcube_user($row['user_id'], $row), mailwright::person($row['username']));
}
$db->endTransaction();
echo "$changed identities changed\n";
